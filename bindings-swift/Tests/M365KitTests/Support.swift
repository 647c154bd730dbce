import Foundation
import M365Kit

extension Sandbox {
    /// A client of it, at a pace that no test waits for.
    func client(
        credential: Credential? = nil,
        attempts: Int? = nil,
        concurrency: Int? = nil
    ) throws -> Client {
        try Client(
            tenant: tenant,
            credential: credential ?? self.credential,
            cloud: cloud,
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

/// A value that several tasks add to.
actor Collected<Value: Sendable> {
    private(set) var values: [Value] = []

    func add(_ value: Value) { values.append(value) }
}
