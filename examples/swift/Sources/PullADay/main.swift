// How do I keep a day of audit records? Writes them to standard output, one a line, as they came.

import Foundation
import M365Kit
import Tenant

let tenant = try Tenant()
let records = tenant.client.audit.records(last: .hours(24), onError: .collect)
for try await record in records {
    // A line break in it can only be one between its members.
    print(record.raw.replacingOccurrences(of: "\n", with: " "))
}

var lines = ["\(records.report?.records ?? 0) records"]
lines += records.errors.map { "not read: \($0)" }
FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
