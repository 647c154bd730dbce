// What happened two months ago, when the feed no longer knows?

import Foundation
import M365Kit
import Tenant

let end = Date(timeIntervalSinceNow: -30 * 86_400)
let start = end.addingTimeInterval(-30 * 86_400)

let tenant = try Tenant()
let found = tenant.client.audit.search(start, end: end, displayName: "m365kit example")
for try await page in found.pages {
    // Until the service has carried it out, the pages are empty.
    if let status = page.report?.status {
        FileHandle.standardError.write(Data("\(status): \(page.count) records\n".utf8))
    }
    for record in page {
        print(record.creationTime ?? .distantPast, record.operation ?? "?", record.userID ?? "?")
    }
}
