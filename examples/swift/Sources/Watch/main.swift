// How does an app show what happens in the tenant, while it happens?

import M365Kit
import Tenant

/// What a view of failed sign-ins shows.
@MainActor
final class FailedSignIns {
    private(set) var latest: [AuditRecord] = []

    /// Goes on from where the state was left the last time, until its task is cancelled, as that of a view is when the view
    /// disappears: `.task { try? await model.watch(client, state: state) { ... } }`. Then the state is free.
    func watch(_ client: Client, state: String, changed: () -> Void) async throws {
        let feed = client.audit.follow(
            state,
            contentTypes: [.azureActiveDirectory],
            last: .hours(1),
            pollInterval: .seconds(10),
            lag: .seconds(5)
        )
        for try await record in feed where record.operation == "UserLoginFailed" {
            latest = [record] + latest.prefix(99)
            changed()
        }
    }
}

let tenant = try Tenant(simulated: ["live": ["blobsPerMinute": 600]])
let model = FailedSignIns()
let watching = Task {
    try await model.watch(tenant.client, state: "watch.m365state") {
        guard let record = model.latest.first else { return }
        print(record.creationTime ?? .distantPast, record.userID ?? "?", record.clientAddress ?? "?")
        // A simulated tenant goes on for ever.
        if tenant.isSimulated && model.latest.count == 5 { withUnsafeCurrentTask { $0?.cancel() } }
    }
}
do {
    try await watching.value
} catch is CancellationError {
    print("\(model.latest.count) failed sign-ins")
}
