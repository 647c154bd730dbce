// What is broken at present, and what was last told about it?

import M365Kit
import Tenant

let tenant = try Tenant(simulated: ["blobs": 0])
for try await issue in tenant.client.serviceHealth.listIssues(filter: field("isResolved") == false) {
    let kind = issue.classification?.rawValue ?? "?"
    print(issue.id, issue.service ?? "?", kind, issue.title ?? "?", separator: "\t")
    guard let post = issue.posts?.last, let text = post.description?.content else { continue }
    print(post.createdDateTime ?? .distantPast, text, "", separator: "\n")
}
