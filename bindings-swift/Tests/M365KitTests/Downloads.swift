import Foundation
import M365Kit

/// How a download is taken.
enum Taking {
    case chunks
    case whole
    case file(String, overwrite: Bool)

    init(_ step: JSON) {
        if let path = step["to"]?.string {
            self = .file(path, overwrite: step["overwrite"] == true)
        } else {
            self = step["whole"] == true ? .whole : .chunks
        }
    }
}

/// What came of a download before it ended, failed or was left.
struct Taken {
    var head: [String: JSON] = [:]
    var bytes = Data()
    var saved = JSON.null
    var error: M365Error?

    /// Compares the bytes, and what is said of them, with what a scenario expects.
    func match(_ pattern: JSON) throws {
        var wanted = pattern.object ?? [:]
        if let begin = wanted.removeValue(forKey: "startsWith")?.string,
            !bytes.starts(with: Data(begin.utf8))
        {
            throw Complaint("the bytes do not begin with \(begin)")
        }
        var actual = head
        actual["length"] = .integer(Int64(bytes.count))
        actual["sha256"] = .string(sha256(bytes))
        try M365KitTests.match(.object(wanted), .object(actual), at: "bytes")
    }
}

extension Given {
    /// Takes a download as the scenario says, and keeps what came before it failed.
    func collect(_ download: Download) async throws -> Outcome {
        var taken = Taken()
        taken.head["fileName"] = .string(download.fileName)
        taken.head["contentType"] = download.contentType.map(JSON.string)
        taken.head["announced"] = download.length.map { .integer(Int64($0)) }
        do {
            switch taking {
            case .file(let path, let overwrite):
                let saved = try await download.save(to: path, overwrite: overwrite)
                taken.saved = try json(saved)
                taken.bytes = try Data(contentsOf: URL(fileURLWithPath: saved.path))
            case .whole:
                taken.bytes = try await download.data()
            case .chunks:
                var enough = Int.max
                if case .items(let count) = until { enough = count }
                for try await chunk in download {
                    guard !chunk.isEmpty, chunk.count <= 262_144 else {
                        throw Complaint("a chunk of \(chunk.count) bytes")
                    }
                    taken.bytes += chunk
                    enough -= 1
                    if enough == 0 { break }
                }
            }
        } catch let error as M365Error {
            taken.error = error
        }
        return .bytes(taken)
    }
}
