import Foundation
import M365Kit
import Testing

@Suite struct FollowTests {
    @Test func whatWasNotAskedPastComesAgain() async throws {
        let place = try await Place(blobs: 3, records: 700)
        for try await page in place.follow().pages {
            #expect(!page.isEmpty)
            break
        }
        let all = try await ids(place.follow())
        #expect(all.count == 2_100)
        let after = try await ids(place.follow())
        #expect(after.isEmpty)
    }

    @Test func byHandOnlyACommitMovesThePosition() async throws {
        let place = try await Place(blobs: 3, records: 700)
        let all = try await ids(place.follow(commit: .manual))
        #expect(all.count == 2_100)
        var first: [String] = []
        let watch = place.follow(commit: .manual)
        for try await page in watch.pages {
            if first.isEmpty {
                first = page.compactMap(\.id)
                try await watch.commit()
            }
        }
        let rest = try await ids(place.follow(commit: .manual))
        #expect(!first.isEmpty && !rest.isEmpty)
        #expect(Set(first).isDisjoint(with: rest))
        #expect(first.count + rest.count == 2_100)
    }

    @Test func aLoopThatHasEndedCanBeCommitted() async throws {
        let place = try await Place(blobs: 2, records: 5)
        let watch = place.follow(commit: .manual)
        #expect(try await ids(watch).count == 10)
        try await watch.commit()
        #expect(try await ids(place.follow()).isEmpty)
        // It has let go of the state, although it is still here.
        try await watch.commit()
    }

    @Test func itemByItemAPageIsSafeWithItsLastItem() async throws {
        let place = try await Place(blobs: 3, records: 700)
        let watch = place.follow(commit: .manual)
        var count = 0
        for try await _ in watch {
            count += 1
            try await watch.commit()
            if count == 1_100 { break }
        }
        // The page in whose middle the loop was left comes again, and no page before it.
        let rest = try await ids(place.follow())
        #expect(rest.count > 1_000)
        #expect(rest.count < 2_100)
        await #expect(throws: M365Error.self) { try await watch.commit() }
    }

    @Test func committingGoesOnWhileAPageIsWaitedFor() async throws {
        let place = try await Place(blobs: 1, records: 5)
        let watch = place.follow(commit: .manual, stopWhenCaughtUp: false)
        let (arrived, arrival) = AsyncStream.makeStream(of: Int.self)
        let loop = Task {
            for try await page in watch.pages where !page.isEmpty { arrival.yield(page.count) }
        }
        for await count in arrived {
            #expect(count == 5)
            break
        }
        try await watch.commit()
        loop.cancel()
        await #expect(throws: CancellationError.self) { try await loop.value }
        #expect(try await ids(place.follow()).isEmpty)
    }

    @Test func leavingALoopReleasesTheState() async throws {
        let place = try await Place(blobs: 2, records: 5)
        let watch = place.follow(stopWhenCaughtUp: false)
        for try await _ in watch { break }
        // While the one that was left is still here.
        #expect(try await ids(place.follow()).count == 10)
    }

    @Test func twoDoNotFollowWithOneState() async throws {
        let place = try await Place(blobs: 1, records: 5)
        for try await _ in place.follow() {
            do {
                _ = try await ids(place.follow())
                Issue.record("two follow with one state")
            } catch let error as M365Error {
                #expect(error.kind == .conflict)
            }
            break
        }
    }

    @Test func cancellingTheTaskEndsItOnTheWireAndReleasesTheState() async throws {
        let place = try await Place(blobs: 2, records: 5)
        let slow = try await place.sandbox.fault(
            match: ["operation": "blob"],
            action: ["delay": 30],
            when: "always"
        )
        let watch = place.follow()
        let loop = Task { for try await _ in watch {} }
        try await place.sandbox.meets(slow)
        loop.cancel()
        await #expect(throws: CancellationError.self) { try await loop.value }
        let seen = try await place.sandbox.requests(path: "/audit/") {
            !$0.isEmpty && $0.allSatisfy { $0["aborted"] == true }
        }
        #expect(!seen.isEmpty && seen.allSatisfy { $0["aborted"] == true })
        try await place.sandbox.clearFaults()
        #expect(try await ids(place.follow()).count == 10)
    }

    @Test func everyRecordIsInTheFilesOnce() async throws {
        let place = try await Place(blobs: 5, records: 40)
        let records = place.folder.appendingPathComponent("records")
        for _ in 0..<2 {
            let steps = place.follow().intoJSONL(records.path, maxBytes: 10_000)
            for try await _ in steps { break }
        }
        let steps = place.follow().intoJSONL(records.path, maxBytes: 10_000)
        var sealed: [String] = []
        for try await step in steps { sealed += step.sealed }
        #expect(!sealed.isEmpty)
        #expect(steps.errors.isEmpty)
        var found: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: records.path) {
            #expect(name.hasSuffix(".jsonl"))
            let text = try String(contentsOf: records.appendingPathComponent(name), encoding: .utf8)
            for line in text.split(separator: "\n") {
                found.append(try #require(JSON(parsing: Data(line.utf8))["Id"]?.string))
            }
        }
        let fed = try await place.sandbox.feed(ids: true)
        #expect(found.sorted() == (fed["ids"]?.array ?? []).compactMap(\.string).sorted())
    }

    @Test func parquetFilesHoldEachRecordOnce() async throws {
        let place = try await Place(blobs: 5, records: 40)
        let records = place.folder.appendingPathComponent("records")
        for try await _ in place.follow().intoParquet(records.path) { break }
        let reports = Reports()
        let steps = place.follow().intoParquet(records.path).onProgress { reports.add($0) }
        var sealed: [String] = []
        for try await step in steps { sealed += step.sealed }
        #expect(steps.errors.isEmpty)
        #expect(!reports.all.isEmpty)
        let files = try FileManager.default.contentsOfDirectory(atPath: records.path)
        #expect(!files.isEmpty && files.allSatisfy { $0.hasSuffix(".parquet") })
        for path in sealed {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(bytes.prefix(4) == Data("PAR1".utf8) && bytes.suffix(4) == Data("PAR1".utf8))
        }
        var more = 0
        for try await step in place.follow().intoParquet(records.path) { more += step.records }
        #expect(more == 0)
    }

    @Test func anEndlessListingKeepsTheNewestErrors() async throws {
        let place = try await Place(blobs: 1, records: 1)
        // Two blobs of which no element is a record.
        let body = "[" + repeatElement("1", count: 600).joined(separator: ",") + "]"
        let created = try await place.sandbox.clock().addingTimeInterval(-7_200)
        for _ in 0..<2 {
            let content: JSON = [
                "contentType": "Audit.Exchange", "body": .string(body),
                "created": .string(created.ISO8601Format()),
            ]
            _ = try await place.sandbox.control("add_content", content)
        }
        let watch = place.follow()
        var told: [M365Error] = []
        for try await page in watch.pages { told += page.errors }
        #expect(told.count == 1_200)
        #expect(watch.errors == told.suffix(1_000))
    }

    @Test func whatAppearsMeanwhileComes() async throws {
        let place = try await Place(blobs: 1, records: 1)
        let now = try await place.sandbox.clock()
        try await place.sandbox.addContent(
            .exchange,
            records: [["Id": "late"]],
            created: now.addingTimeInterval(-120),
            listedAt: now.addingTimeInterval(30)
        )
        try await place.sandbox.live(["blobsPerMinute": 30, "contentTypes": ["Audit.Exchange"]])
        try await place.sandbox.webhookFaults(["share": 0.5])
        var ids: Set<String> = []
        for try await record in place.follow(stopWhenCaughtUp: false) {
            if ids.isEmpty { try await place.sandbox.advance(by: .minutes(2)) }
            ids.insert(record.id ?? "")
            if ids.contains("late") && ids.count > 10 { break }
        }
        try await place.sandbox.live(nil)
        try await place.sandbox.webhookFaults(nil)
    }

    @Test func nothingIsBegunBeforeItIsAskedFor() async throws {
        let place = try await Place(blobs: 1, records: 1)
        let watch = place.follow()
        _ = watch.intoJSONL(place.folder.path)
        try await watch.commit()
        #expect(try await place.sandbox.ledger().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: place.state))
    }

    @Test func aFileThatIsNoStateIsAStorageError() async throws {
        let place = try await Place(blobs: 1, records: 1)
        try Data("hello\n".utf8).write(to: URL(fileURLWithPath: place.state))
        do {
            _ = try await ids(place.follow())
            Issue.record("it wrote over a file that is not its own")
        } catch let error as M365Error {
            #expect(error.kind == .storageError)
        }
        #expect(try String(contentsOfFile: place.state, encoding: .utf8) == "hello\n")
    }
}

@Suite struct WebhookTests {
    @Test func whatIsAnnouncedIsFetchedEarly() async throws {
        let place = try await Place(blobs: 0, records: 0)
        // It looks for itself only every hour.
        let watch = place.client.audit.follow(
            place.state,
            contentTypes: [.exchange],
            pollInterval: .hours(1),
            lag: .hours(1)
        )
        let first = Task { () -> String? in
            for try await page in watch.pages {
                if let record = page.first { return record.id }
            }
            return nil
        }
        defer { first.cancel() }
        _ = try await place.sandbox.requests(path: "/subscriptions/content") { !$0.isEmpty }
        let added = try await place.sandbox.addContent(.exchange, records: [["Id": "announced"]])
        let now = try await place.sandbox.clock()
        let announced: JSON = [
            [
                "tenantId": .string(place.sandbox.tenant),
                "clientId": .string(place.sandbox.clientID),
                "contentType": "Audit.Exchange",
                "contentId": added["contentId"] ?? .null,
                "contentUri": added["contentUri"] ?? .null,
                "contentCreated": .string(now.formatted(.iso8601)),
                "contentExpiration": .string(now.addingTimeInterval(7 * 86_400).formatted(.iso8601)),
            ]
        ]
        let reply = try await place.client.audit.handleWebhook(
            ["Webhook-AuthID": "right"],
            authID: "right",
            payload: Data(announced.description.utf8)
        )
        #expect(reply.status == 200)
        #expect(reply.notifications.count == 1)
        #expect(try await first.value == "announced")
    }

    @Test func aForgedNotificationIsAnAnswerNotAnError() async throws {
        let place = try await Place(blobs: 0, records: 0)
        let reply = try await place.client.audit.handleWebhook(
            ["Webhook-AuthID": "wrong"],
            authID: "right",
            payload: Data("[]".utf8)
        )
        #expect(reply.status >= 400)
        #expect(reply.reason != nil)
    }
}

/// A sandbox with content of two hours ago, a client of it, and a folder that goes with them.
private final class Place: Sendable {
    let sandbox: Sandbox
    let client: Client
    let folder: URL

    var state: String { folder.appendingPathComponent("state").path }

    init(blobs: Int, records: Int) async throws {
        sandbox = try Sandbox(["blobs": 0])
        client = try sandbox.client(attempts: 2)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("m365kit-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let created = try await sandbox.clock().addingTimeInterval(-7_200)
        for blob in 0..<blobs {
            let content = (0..<records).map { JSON.object(["Id": .string("\(blob)-\($0)")]) }
            try await sandbox.addContent(.exchange, records: content, created: created)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func follow(commit: CommitMode = .auto, stopWhenCaughtUp: Bool = true) -> AuditFollow {
        client.audit.follow(
            state,
            contentTypes: [.exchange],
            pollInterval: .milliseconds(50),
            commit: commit,
            stopWhenCaughtUp: stopWhenCaughtUp
        )
    }
}

private func ids(_ watch: AuditFollow) async throws -> [String] {
    var ids: [String] = []
    for try await record in watch { ids.append(record.id ?? "") }
    return ids
}
