import Foundation
import M365Kit
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// What a sandbox does as the Discovery Service.
@Suite struct SandboxDiscoveryTests {
    private let user = "sadie.lund@contoso.onmicrosoft.com"

    @Test func whatIsFoundDependsOnTheUser() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        #expect(try await services(sandbox)["value"]?.array?.count == 7)
        let changed = try await sandbox.discoveryUser(user, consented: ["Mail"])
        #expect(changed["users"]?[user]?["consented"] == ["Mail"])
        let found = try await services(sandbox)["value"]?.array ?? []
        #expect(found.compactMap { $0["capability"]?.string } == ["Mail"])
        try await sandbox.discoveryUser(user, licensed: false)
        #expect(try await services(sandbox)["value"] == [])
    }

    @Test func itRetiresAndDoesMischief() async throws {
        let sandbox = try Sandbox(["blobs": 0, "discovery": ["retired": true]])
        #expect(try await services(sandbox)["error"]?["code"] == "Gone")
        #expect(try await sandbox.setDiscovery(["retired": false])["retired"] == false)
        for mischief in DiscoveryMischief.allCases {
            try await sandbox.discoveryMischief(mischief)
        }
        try await sandbox.discoveryMischief(nil)
        #expect(try await services(sandbox)["value"]?.array?.count == 7)
    }

    private func services(_ sandbox: Sandbox) async throws -> JSON {
        let token = try await sandbox.issueToken(audience: "\(sandbox.url)/discovery/", user: user)
        var request = URLRequest(url: try #require(URL(string: "\(sandbox.url)/discovery/v1.0/me/Services")))
        request.setValue("Bearer \(token.token)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        return try JSONDecoder().decode(JSON.self, from: try await URLSession.shared.data(for: request).0)
    }
}
