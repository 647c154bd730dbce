import Foundation
import M365Kit
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite struct CancellationTests {
    @Test func cancellingATaskEndsItsRequestOnTheWire() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let slow = try await sandbox.fault(match: ["operation": "subscriptions"], action: ["delay": 30])
        let client = try sandbox.client()
        let began = ContinuousClock.now
        let call = Task { try await client.audit.listSubscriptions() }
        try await sandbox.meets(slow)
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(ContinuousClock.now - began < .seconds(10))
        let seen = try await sandbox.requests(path: "/subscriptions/list") {
            $0.first?["aborted"]?.bool == true
        }
        #expect(seen.count == 1)
        #expect(seen.first?["aborted"] == true)
    }

    @Test func cancellingALoopEndsItsRequestsOnTheWire() async throws {
        let sandbox = try Sandbox(["blobs": 8, "records": 5])
        let slow = try await sandbox.fault(
            match: ["operation": "blob"],
            action: ["delay": 30],
            when: "always"
        )
        let client = try sandbox.client(concurrency: 2)
        let loop = Task { for try await _ in client.audit.records(last: .hours(25)) {} }
        try await sandbox.meets(slow)
        loop.cancel()
        await #expect(throws: CancellationError.self) { try await loop.value }
        let seen = try await sandbox.requests(path: "/audit/") {
            !$0.isEmpty && $0.allSatisfy { $0["aborted"] == true }
        }
        #expect(!seen.isEmpty)
        #expect(seen.allSatisfy { $0["aborted"] == true })
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        let call = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.audit.listSubscriptions()
        }
        await #expect(throws: CancellationError.self) { try await call.value }
        let seen = try await sandbox.ledger()
        #expect(seen.isEmpty)
    }

    @Test func closingTheClientIsAnErrorOfTheLibrary() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let slow = try await sandbox.fault(match: ["operation": "subscriptions"], action: ["delay": 30])
        let client = try sandbox.client()
        let call = Task { try await client.audit.listSubscriptions() }
        try await sandbox.meets(slow)
        client.close()
        do {
            _ = try await call.value
            Issue.record("it went on after the client was closed")
        } catch let error as M365Error {
            #expect(error.kind == .cancelled)
        }
    }
}

@Suite struct LoopTests {
    @Test func leavingALoopEarlyEndsTheFeed() async throws {
        let sandbox = try Sandbox(["blobs": 60, "records": 2, "contentTypes": ["Audit.Exchange"]])
        let client = try sandbox.client(concurrency: 2)
        for try await _ in client.audit.records([.exchange], last: .hours(25)) { break }
        try await Task.sleep(for: .milliseconds(300))
        let before = try await sandbox.ledger(path: "/audit/").count
        try await Task.sleep(for: .milliseconds(300))
        let after = try await sandbox.ledger(path: "/audit/").count
        #expect(before == after)
        #expect(after < 60)
    }

    @Test func aFeedIsReadByRecordAndByPage() async throws {
        let sandbox = try Sandbox(["blobs": 20, "records": 10])
        let client = try sandbox.client()
        let records = client.audit.records(last: .hours(25))
        var ids: Set<String> = []
        for try await record in records { ids.insert(record.id ?? "") }
        let fed = try await sandbox.feed()
        #expect(ids.count == fed["uniqueRecords"]?.int)
        #expect(records.report?.blobs == 20)
        #expect(records.errors.isEmpty)
        // A second loop is a run of its own.
        var again = 0
        for try await page in records.pages { again += page.count }
        #expect(again == fed["records"]?.int)
        #expect(records.report?.blobs == 20)
    }

    @Test func aListingGoesOnFromItsToken() async throws {
        let sandbox = try Sandbox([
            "blobs": 12, "records": 1, "contentTypes": ["Audit.Exchange"], "pageSize": 5,
        ])
        let client = try sandbox.client()
        let end = try await sandbox.clock()
        let start = end.addingTimeInterval(-23 * 3_600)
        let whole = client.audit.listContent(.exchange, start: start, end: end)
        var all: [String] = []
        for try await content in whole { all.append(content.contentID) }
        #expect(whole.token == nil)
        let begun = client.audit.listContent(.exchange, start: start, end: end)
        var parts: [String] = []
        for try await page in begun.pages {
            parts += page.map(\.contentID)
            break
        }
        let token = try #require(begun.token)
        for try await content in client.audit.listContent(.exchange, token: token) {
            parts.append(content.contentID)
        }
        #expect(parts == all)
    }

    @MainActor @Test func aLoopRunsOnTheMainActor() async throws {
        let sandbox = try Sandbox(["blobs": 5, "records": 10])
        let client = try sandbox.client()
        var count = 0
        for try await _ in client.audit.records(last: .hours(25)) {
            MainActor.assertIsolated()
            count += 1
        }
        #expect(count > 0)
    }

    @Test func errorsOfAFeedAreCollected() async throws {
        let sandbox = try Sandbox(["blobs": 6, "records": 3, "contentTypes": ["Audit.Exchange"]])
        let bad = try await sandbox.addContent(.exchange, records: [["Id": "never read"]])
        try await sandbox.fault(
            match: ["operation": "blob", "contentId": bad["contentId"] ?? .null],
            action: ["html": true],
            when: "always"
        )
        let client = try sandbox.client(attempts: 1)
        let records = client.audit.records([.exchange], last: .hours(25), onError: .collect)
        var count = 0
        for try await _ in records { count += 1 }
        #expect(count > 0)
        #expect(records.errors.map(\.contentID) == [bad["contentId"]?.string])

        var delivered = 0
        do {
            for try await _ in client.audit.records([.exchange], last: .hours(25)) { delivered += 1 }
            Issue.record("the feed did not say that it is incomplete")
        } catch let error as M365Error {
            #expect(delivered == count)
            #expect(error.errors.count == 1)
        }
    }

    @Test func twoClientsWorkAtOnce() async throws {
        let first = try Sandbox(["seed": 1, "blobs": 10, "records": 10])
        let second = try Sandbox(["seed": 2, "blobs": 10, "records": 10])
        async let one = ids(first.client())
        async let two = ids(second.client())
        let (ones, twos) = try await (one, two)
        #expect(!ones.isEmpty && !twos.isEmpty)
        #expect(ones.isDisjoint(with: twos))
    }

    private func ids(_ client: Client) async throws -> Set<String> {
        var ids: Set<String> = []
        for try await record in client.audit.records(last: .hours(25)) { ids.insert(record.id ?? "") }
        return ids
    }
}

@Suite struct ErrorTests {
    @Test func anErrorSaysWhatTheServiceSaid() async throws {
        let sandbox = try Sandbox(["blobs": 0, "subscribed": false])
        let client = try sandbox.client()
        do {
            for try await _ in client.audit.listContent(.exchange, last: .hours(1)) {}
            Issue.record("it worked")
        } catch let error as M365Error {
            #expect(error.code?.hasPrefix("AF") == true)
            #expect(error.status != nil)
            #expect(error.description.contains(error.message))
        }
    }

    @Test func kindsAreOpen() {
        let error = M365Error(kind: "Brand New", message: "m")
        #expect(error.kind != .authError)
        #expect(error.description == "Brand New: m")
    }

    @Test func aProviderThatThrowsIsTheCauseOfAnAuthError() async throws {
        struct SignedOut: Error, CustomStringConvertible {
            let description = "nobody is signed in"
        }
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client(credential: .tokenProvider { _ in throw SignedOut() })
        do {
            _ = try await client.audit.listSubscriptions()
            Issue.record("it worked without a token")
        } catch let error as M365Error {
            #expect(error.kind == .authError)
            #expect(error.description.contains("nobody is signed in"))
        }
    }

    @Test func aProviderIsAskedOnceForManyCalls() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let asked = Collected<TokenRequest>()
        let token = try await bearer(of: sandbox)
        let client = try sandbox.client(
            credential: .tokenProvider { request in
                await asked.add(request)
                return AccessToken(token, expiresOn: Date().addingTimeInterval(3_000))
            }
        )
        async let one = client.audit.listSubscriptions()
        async let two = client.audit.listSubscriptions()
        _ = try await (one, two)
        let requests = await asked.values
        #expect(requests.count == 1)
        #expect(requests.first?.scope.hasSuffix("/.default") == true)
        #expect(requests.first?.tenant == sandbox.tenant)
    }

    /// A token, got as an application's own library would.
    private func bearer(of sandbox: Sandbox) async throws -> String {
        let authority = try #require(sandbox.details["cloud"]?["authority"]?.string)
        var request = URLRequest(
            url: try #require(URL(string: "\(authority)/\(sandbox.tenant)/oauth2/v2.0/token"))
        )
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        let management = try #require(sandbox.details["cloud"]?["management"]?.string)
        let fields = [
            ("grant_type", "client_credentials"), ("client_id", sandbox.clientID),
            ("client_secret", sandbox.details["clientSecret"]?.string ?? ""),
            ("scope", "\(management)/.default"),
        ]
        let body = fields.map {
            "\($0)=\($1.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }
        request.httpBody = Data(body.joined(separator: "&").utf8)
        let (data, _) = try await URLSession.shared.data(for: request)
        return try #require(JSON(parsing: data)["access_token"]?.string)
    }
}

@Suite(.serialized) struct LogTests {
    @Test func eventsReachAClosure() async throws {
        let events = Collected<Logs.Event>()
        try Logs.forward(from: .trace) { event in Task { await events.add(event) } }
        defer { try? Logs.stop() }
        let sandbox = try Sandbox(["blobs": 0])
        _ = try await sandbox.client().audit.listSubscriptions()
        let limit = ContinuousClock.now + .seconds(5)
        while await events.values.isEmpty, ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(20))
        }
        let seen = await events.values
        #expect(!seen.isEmpty)
        #expect(seen.allSatisfy { $0.target.hasPrefix("m365kit") })
        let secret = try #require(sandbox.details["clientSecret"]?.string)
        #expect(!seen.contains { "\($0)".contains(secret) })
    }
}
