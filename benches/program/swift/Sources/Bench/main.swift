// The library, as a program in Swift uses it: records in batches, three fields of each.

import Foundation
import M365Kit

struct Tenant: Decodable {
    let url: String
    let tenant: String
    let clientId: String
    let clientSecret: String
    let cloud: [String: String]
}

struct Found: Encodable {
    let seconds: Double
    let cpu: Double
    let peak: Int?
    let records: Int
    let touched: Int
}

/// Seconds of the processor, of all threads.
func processorTime() -> Double {
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    return Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
}

/// The most memory this process ever held; none where the kernel does not say.
func peak() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
}

let environment = ProcessInfo.processInfo.environment
let tenant = try JSONDecoder().decode(Tenant.self, from: Data((environment["BENCH_TENANT"] ?? "").utf8))
let began = Date()
let before = processorTime()

let client = try Client(
    tenant: tenant.tenant,
    credential: .clientSecret(clientID: tenant.clientId, secret: tenant.clientSecret),
    cloud: .custom(
        authority: tenant.cloud["authority"], management: tenant.cloud["management"], graph: tenant.cloud["graph"]),
    rateLimit: Double(environment["BENCH_RATE_LIMIT"] ?? "")
)
var (count, touched) = (0, 0)
for try await page in client.audit.records(last: .hours(24)).pages {
    for record in page {
        count += 1
        touched += record.creationTime == nil ? 0 : 1
        touched += record.operation?.utf8.count ?? 0
        touched += record.userID?.utf8.count ?? 0
    }
}

let found = Found(
    seconds: Date().timeIntervalSince(began), cpu: processorTime() - before, peak: peak(), records: count,
    touched: touched)
print(String(decoding: try JSONEncoder().encode(found), as: UTF8.self))
