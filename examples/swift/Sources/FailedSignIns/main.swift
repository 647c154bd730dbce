// Who failed to sign in, and from where?

import M365Kit
import Tenant

struct Failure: Hashable {
    let user, address, reason: String
}

let tenant = try Tenant()
var failures: [Failure: Int] = [:]
for try await record in tenant.client.audit.records([.azureActiveDirectory], last: .hours(24)) {
    guard record.operation == "UserLoginFailed" else { continue }
    // Not one of the fields that all workloads share: it stands in the whole record.
    let reason = try record.data()["LogonError"]?.string ?? ""
    let failure = Failure(user: record.userID ?? "?", address: record.clientAddress ?? "?", reason: reason)
    failures[failure, default: 0] += 1
}

for (failure, count) in failures.sorted(by: { $0.value > $1.value }).prefix(20) {
    print(count, failure.user, failure.address, failure.reason, separator: "\t")
}
