// What is this tenant subscribed to, and how do I start what is missing?

import M365Kit
import Tenant

let wanted: [ContentType] = [.azureActiveDirectory, .exchange, .sharePoint, .general, .dlp]

let tenant = try Tenant()
var enabled: Set<ContentType> = []
for subscription in try await tenant.client.audit.listSubscriptions() {
    print(subscription.contentType, subscription.status ?? .enabled, separator: "\t")
    if subscription.status != .disabled { enabled.insert(subscription.contentType) }
}

for contentType in wanted where !enabled.contains(contentType) {
    do {
        _ = try await tenant.client.audit.start(contentType)
        print(contentType, "started: content comes within 12 hours", separator: "\t")
    } catch let error as M365Error where error.kind == .permissionDenied {
        print(contentType, error.hint ?? error.message, separator: "\t")
    }
}
