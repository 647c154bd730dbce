import Foundation
import M365Kit
import Testing

@Suite struct ReadmeTests {
    @Test func theExampleRuns() async throws {
        // README
        let sandbox = try Sandbox(["days": 1, "blobs": 10])
        let client = try Client(tenant: sandbox.tenant, credential: sandbox.credential, cloud: sandbox.cloud)

        let records = client.audit.records([.exchange, .sharePoint], last: .hours(24), onError: .collect)
        for try await record in records {
            print(record.creationTime ?? .distantPast, record.operation ?? "?", record.userID ?? "?")
        }
        print("\(records.report?.records ?? 0) records, \(records.errors.count) errors")
        // README
        #expect(records.errors.isEmpty)
        #expect((records.report?.records ?? 0) > 0)
    }

    @Test func theExampleIsTheOneOfTheReadme() throws {
        let here = URL(fileURLWithPath: #filePath)
        let parts = try String(contentsOf: here, encoding: .utf8)
            .components(separatedBy: "        // README\n")
        let example = try #require(parts.count == 3 ? parts[1] : nil)
        let plain = example.split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(8) }
        let package = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = package.appendingPathComponent("README.md")
        let readme = try String(contentsOf: page, encoding: .utf8)
        #expect(readme.contains("import M365Kit\n\n" + plain.joined(separator: "\n")))
    }
}
