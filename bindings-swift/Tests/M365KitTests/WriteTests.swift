import Foundation
import Testing

@testable import M365Kit

/// Lines, columns, and files: what else the feed can be read as.
@Suite struct WriteTests {
    @Test func linesAreTheRecordsAsTheyCame() async throws {
        let desk = try await Desk(blobs: 3, records: 40)
        var text = Data()
        var counted = 0
        let lines = desk.records().lines()
        for try await some in lines {
            text += some.bytes
            counted += some.records
        }
        let found = text.split(separator: UInt8(ascii: "\n"))
        #expect(found.count == desk.count && counted == desk.count)
        var originals: Set<String> = []
        for try await record in desk.records() {
            originals.insert(record.raw.replacingOccurrences(of: "\n", with: " "))
        }
        #expect(Set(found.map { String(decoding: $0, as: UTF8.self) }) == originals)
        #expect(lines.report?.records == desk.count)
    }

    @Test func recordsAreReadWhereTheyLie() async throws {
        let desk = try await Desk(blobs: 2, records: 40)
        var counted = 0
        for try await page in desk.records().pages {
            #expect(page.allSatisfy { $0.source.cells != nil })
            counted += page.count
        }
        for try await record in desk.records() {
            #expect(record.source.cells != nil)
        }
        #expect(counted == desk.count)
    }

    @Test func batchesAreArrowStreams() async throws {
        let desk = try await Desk(blobs: 3, records: 40)
        var rows: [Int] = []
        for try await batch in desk.records().batches(raw: false, batchRows: 50) {
            rows.append(batch.rows)
            // The mark of a message, and of the end of a stream.
            #expect(batch.ipc.prefix(4) == Data([0xFF, 0xFF, 0xFF, 0xFF]))
            #expect(batch.ipc.suffix(8) == Data([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]))
        }
        #expect(rows.reduce(0, +) == desk.count)
        #expect(rows.allSatisfy { $0 <= 50 })
    }

    @Test func bytesSurviveTheirCoding() async throws {
        let desk = try await Desk(blobs: 1, records: 5)
        for try await batch in desk.records().batches() {
            let copy = try JSONDecoder().decode(ColumnBatch.self, from: JSONEncoder().encode(batch))
            #expect(copy == batch)
        }
    }

    @Test func aFileOfLinesIsWritten() async throws {
        let desk = try await Desk(blobs: 3, records: 40)
        let target = desk.path("new/day.jsonl")
        let written = try await desk.records().writeJSONL(target)
        #expect(written.records == desk.count)
        #expect(written.files == [target])
        #expect(try desk.lines(target) == desk.count)
        await desk.refuses { try await $0.writeJSONL(target) }
        #expect(try desk.lines(target) == desk.count)
        _ = try await desk.records().writeJSONL(target, append: true)
        #expect(try desk.lines(target) == 2 * desk.count)
        _ = try await desk.records().writeJSONL(target, overwrite: true)
        #expect(try desk.lines(target) == desk.count)
    }

    @Test func parquetIsWritten() async throws {
        let desk = try await Desk(blobs: 3, records: 40)
        let target = desk.path("day.parquet")
        let written = try await desk.records().writeParquet(target, compression: .snappy, raw: false)
        #expect(written.records == desk.count)
        #expect(written.files == [target])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: target))
        #expect(bytes.prefix(4) == Data("PAR1".utf8) && bytes.suffix(4) == Data("PAR1".utf8))
        #expect(written.bytes == bytes.count)
        await desk.refuses { try await $0.writeParquet(target) }
        _ = try await desk.records().writeParquet(target, overwrite: true)
    }

    @Test func foldersArePartitioned() async throws {
        let desk = try await Desk(blobs: 3, records: 40)
        let target = desk.path("days")
        let written = try await desk.records().writeParquet(target, partitionBy: [.workload])
        #expect(written.records == desk.count)
        #expect(!written.files.isEmpty)
        for file in written.files { #expect(file.hasPrefix(target + "/workload=")) }
        await desk.refuses { try await $0.writeParquet(target, partitionBy: [.workload]) }
        let more = try await desk.records().writeParquet(target, partitionBy: [.workload], append: true)
        #expect(Set(more.files).isDisjoint(with: written.files))
    }

    @Test func progressIsTold() async throws {
        let desk = try await Desk(blobs: 6, records: 40)
        let reports = Reports()
        let records = desk.records()
        _ = try await records.writeParquet(desk.path("day.parquet")) { reports.add($0) }
        let told = reports.all
        #expect(told.last?.records == desk.count)
        #expect(told.last == records.report)
        #expect(told.map(\.blobs) == told.map(\.blobs).sorted())

        let looped = Reports()
        var count = 0
        for try await _ in desk.records().onProgress({ looped.add($0) }) { count += 1 }
        #expect(count == desk.count)
        #expect(looped.all.last?.records == desk.count)
    }

    @Test func whatIsMetOnTheWayStandsInTheListing() async throws {
        let desk = try await Desk(blobs: 3, records: 40)
        try await desk.breakABlob()
        let records = desk.records(onError: .collect)
        let written = try await records.writeJSONL(desk.path("day.jsonl"))
        #expect(written.records == desk.count)
        #expect(records.errors.count == 1)
        #expect(records.report?.failed == 1)

        await #expect(throws: M365Error.self) {
            try await desk.records().writeJSONL(desk.path("raised.jsonl"))
        }
        #expect(!FileManager.default.fileExists(atPath: desk.path("raised.jsonl")))
    }

    @Test func cancellingEndsAWriteOnTheWire() async throws {
        let desk = try await Desk(blobs: 40, records: 5)
        let slow = try await desk.sandbox.fault(
            match: ["operation": "blob"],
            action: ["delay": 30],
            when: "always"
        )
        let target = desk.path("day.parquet")
        let task = Task { try await desk.records().writeParquet(target) }
        try await desk.sandbox.meets(slow)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let seen = try await desk.sandbox.requests(path: "/audit/") {
            !$0.isEmpty && $0.allSatisfy { $0["aborted"] == true }
        }
        #expect(!seen.isEmpty && seen.allSatisfy { $0["aborted"] == true })
        #expect(try FileManager.default.contentsOfDirectory(atPath: desk.folder).isEmpty)
    }
}

/// A tenant with a feed, and a folder to write it to.
private final class Desk: Sendable {
    let sandbox: Sandbox
    let client: Client
    let folder: String
    /// How many records the feed holds.
    let count: Int

    init(blobs: Int, records: Int) async throws {
        sandbox = try Sandbox([
            "blobs": .integer(Int64(blobs)), "records": .integer(Int64(records)),
            "contentTypes": ["Audit.Exchange"],
        ])
        client = try sandbox.client(attempts: 1)
        count = try await sandbox.feed()["records"]?.int ?? 0
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("m365kit-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func records(onError: OnError = .raise) -> AuditRecords {
        client.audit.records([.exchange], last: .days(7), onError: onError)
    }

    /// Adds a blob to the feed that cannot be read.
    func breakABlob() async throws {
        let bad = try await sandbox.addContent(.exchange, records: [["Id": "never read"]])
        try await sandbox.fault(
            match: ["operation": "blob", "contentId": bad["contentId"] ?? .null],
            action: ["html": true],
            when: "always"
        )
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func lines(_ path: String) throws -> Int {
        try Data(contentsOf: URL(fileURLWithPath: path)).filter { $0 == UInt8(ascii: "\n") }.count
    }

    /// Expects that a target is left alone, and that nothing is sent for it.
    func refuses(_ write: (AuditRecords) async throws -> Written) async {
        do {
            _ = try await write(records())
            Issue.record("what was there was written over")
        } catch let error as M365Error {
            #expect(error.kind == .invalidRequest || error.kind == .conflict, "\(error)")
        } catch {
            Issue.record(error)
        }
    }
}
