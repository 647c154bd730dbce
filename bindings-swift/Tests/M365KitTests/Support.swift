import Foundation
import M365Kit

extension Sandbox {
    /// A client of it, at a pace that no test waits for.
    func client(
        credential: Credential? = nil,
        tokenCache: TokenCache? = nil,
        attempts: Int? = nil,
        concurrency: Int? = nil
    ) throws -> Client {
        try Client(
            tenant: tenant,
            credential: credential ?? self.credential,
            cloud: cloud,
            tokenCache: tokenCache,
            concurrency: concurrency,
            rateLimit: 600_000,
            attempts: attempts
        )
    }

    /// Waits until the ledger holds requests that the test is after; it is written when an answer has ended.
    func requests(
        path: String,
        until enough: ([JSON]) -> Bool
    ) async throws -> [JSON] {
        let limit = ContinuousClock.now + .seconds(10)
        while true {
            let requests = try await ledger(path: path)
            if enough(requests) || ContinuousClock.now > limit { return requests }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension Sandbox {
    /// Waits until a request has met a fault.
    func meets(_ fault: JSON) async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while (try await faultStats()["hits"]?["\(fault)"]?.int ?? 0) == 0 {
            guard ContinuousClock.now < limit else { throw Complaint("no request has met fault \(fault)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension Sandbox {
    /// A token that nobody asked its authority for.
    func token(_ wanted: JSON = [:]) async throws -> String {
        let issued = try await control("issue_token", wanted)
        guard let token = issued["token"]?.string else { throw Complaint("the sandbox issued no token") }
        return token
    }

    /// How often its authority was asked for a token.
    func tokensAsked() async throws -> Int {
        try await ledger(path: "/oauth2/v2.0/token").count
    }
}

/// Expects an error of this package, and gives it.
func failure(_ work: () async throws -> some Any) async throws -> M365Error {
    do {
        _ = try await work()
    } catch let error as M365Error {
        return error
    }
    throw Complaint("it worked")
}

/// A value that several tasks add to.
actor Collected<Value: Sendable> {
    private(set) var values: [Value] = []

    func add(_ value: Value) { values.append(value) }
}
