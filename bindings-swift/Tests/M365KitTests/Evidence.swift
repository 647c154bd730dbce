import Foundation
import M365Kit

/// Throws unless the ids that were delivered are those of a feed, each once; with `repeats`, each at least once.
func compare(_ ids: [String], withFeed feed: [String], repeats: Bool) throws {
    guard !feed.isEmpty else { throw Complaint("the sandbox's feed is empty, which proves nothing") }
    var missing = Dictionary(feed.map { ($0, 1) }) { once, _ in once }
    let known = Set(missing.keys)
    for id in ids { missing[id, default: 0] -= 1 }
    let lost = missing.filter { $0.value > 0 }.count
    let extra = missing.filter { $0.value < 0 && !(repeats && known.contains($0.key)) }.count
    guard lost == 0, extra == 0 else {
        throw Complaint("feed: of \(known.count) records \(lost) lost and \(extra) too many")
    }
}

/// Throws unless files hold what is wanted of them.
func examine(files wanted: JSON, _ feed: [String]) throws {
    let glob = URL(fileURLWithPath: wanted["glob"]?.string ?? "")
    let folder = glob.deletingLastPathComponent().path
    // A folder that is not there has no files.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let files = names.filter { fits($0[...], glob.lastPathComponent[...]) }.sorted()
    if let count = wanted["count"] {
        try match(count, .integer(Int64(files.count)), at: "files \(glob.path) of \(names)")
    }
    for file in files where wanted["ends"] != nil || wanted["text"] != nil {
        try examine(file: folder + "/" + file, wanted)
    }
    // Others are of another kind, and not read as lines.
    guard wanted["records"] != nil || wanted["unique"] == true else { return }
    let ids = try files.flatMap { try recordIDs(inFile: folder + "/" + $0) }
    if wanted["records"] == "feed" {
        try compare(ids, withFeed: feed, repeats: wanted["unique"] != true)
    } else if let count = wanted["records"] {
        try match(count, .integer(Int64(ids.count)), at: "records of \(files)")
    }
    if wanted["unique"] == true, Set(ids).count < ids.count {
        throw Complaint("\(ids.count - Set(ids).count) of \(ids.count) lines of \(files) are repetitions")
    }
}

/// Throws unless a file begins and ends as it must, and holds the text that it must hold.
private func examine(file path: String, _ wanted: JSON) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    if let ends = (wanted["ends"]?.string).map({ Data($0.utf8) }) {
        let holds =
            bytes.count >= 2 * ends.count && bytes.starts(with: ends) && bytes.suffix(ends.count) == ends
        guard holds else {
            throw Complaint("\(path): its \(bytes.count) bytes do not begin and end as they must")
        }
    }
    if let text = wanted["text"]?.string, Data(text.utf8) != bytes {
        throw Complaint(
            "\(path): it holds another text: \(String(decoding: bytes.prefix(200), as: UTF8.self))"
        )
    }
}

/// The ids in a file of JSON lines, each of which must be whole.
private func recordIDs(inFile path: String) throws -> [String] {
    let text = try Data(contentsOf: URL(fileURLWithPath: path))
    guard text.isEmpty || text.last == UInt8(ascii: "\n") else {
        throw Complaint("\(path): the last line has no end")
    }
    return try text.split(separator: UInt8(ascii: "\n")).map { line in
        guard let id = try JSON(parsing: Data(line))["Id"]?.string else {
            throw Complaint("\(path): no Id in \(String(decoding: line, as: UTF8.self))")
        }
        return id
    }
}

/// Whether a name fits a pattern in which `*` is any text.
private func fits(_ name: Substring, _ pattern: Substring) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return name == pattern }
    guard name.hasPrefix(pattern[..<star]) else { return false }
    var rest = name[name.index(name.startIndex, offsetBy: pattern[..<star].count)...]
    let after = pattern[pattern.index(after: star)...]
    while !fits(rest, after) {
        if rest.isEmpty { return false }
        rest.removeFirst()
    }
    return true
}

/// Throws unless the requests that the sandbox saw are as they must be.
func examine(ledger seen: JSON, _ requests: [JSON]) throws {
    let wanted = seen["match"] ?? [:]
    let chosen = requests.filter { request in
        let path = request["path"]?.string ?? ""
        return wanted["path"]?.string.map { path.contains($0) } ?? true
            && wanted["method"].map { $0 == request["method"] } ?? true
            && wanted["query"].map { fits($0, request["query"] ?? .null) } ?? true
            && wanted["request"].map { fits($0, request) } ?? true
    }
    do {
        if let count = seen["count"] { try match(count, .integer(Int64(chosen.count)), at: "count") }
        if let times = seen["each"]?.int {
            let counts = Dictionary(grouping: chosen) { $0["path"]?.string ?? "" }.mapValues(\.count)
            if let (path, count) = counts.first(where: { $0.value != times }) {
                throw Complaint("\(path) was asked for \(count) times, not \(times)")
            }
        }
        if seen["contiguous"] == true { try examine(spansOf: chosen) }
    } catch {
        let all = requests.map { request in
            ["method", "path", "query", "status"].map { "\(request[$0] ?? .null)" }.joined(separator: " ")
        }
        throw Complaint("ledger \(wanted): \(error); seen were\n      " + all.joined(separator: "\n      "))
    }
}

private func fits(_ pattern: JSON, _ value: JSON) -> Bool { (try? match(pattern, value)) != nil }

/// Throws where the spans that were asked for leave a gap. Their times are in one format, so that their order is that of
/// their text.
private func examine(spansOf requests: [JSON]) throws {
    var spans: [String: [(start: String, end: String)]] = [:]
    for query in requests.compactMap({ $0["query"] }) {
        guard let contentType = query["contentType"]?.string, let start = query["startTime"]?.string,
            let end = query["endTime"]?.string
        else { continue }
        spans[contentType, default: []].append((start, end))
    }
    if spans.isEmpty { throw Complaint("none of them asks for a span") }
    for (contentType, spans) in spans {
        let sorted = spans.sorted { $0 < $1 }
        var reached = sorted[0].start
        for (start, end) in sorted {
            if start > reached {
                throw Complaint("nobody asked for \(contentType) from \(reached) to \(start)")
            }
            reached = max(reached, end)
        }
    }
}
