// Why do no records come?

import Foundation
import M365Kit
import Tenant

let tenant = try Tenant()
let diagnosis = try await tenant.client.audit.diagnose()
for finding in diagnosis.findings {
    print(finding.severity, finding.contentType ?? "", finding.message, separator: "\t")
    if let action = finding.action { print("\t\t\(action)") }
}
exit(diagnosis.healthy ? 0 : 1)
