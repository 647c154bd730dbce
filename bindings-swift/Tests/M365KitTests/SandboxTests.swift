import Foundation
import M365Kit
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// What a sandbox does as an authority.
@Suite struct SandboxTests {
    @Test func anAuthorityIsConfiguredAndDescribed() async throws {
        let app: JSON = ["clientId": "11111111-2222-3333-4444-555555555555", "consented": false]
        let sandbox = try Sandbox([
            "blobs": 0,
            "identity": [
                "apps": [app], "users": [["name": "sadie@contoso.example", "displayName": "Sadie"]],
            ],
        ])
        let identity = try await sandbox.identity()
        #expect(identity.user == "sadie@contoso.example")
        #expect(identity.users.map(\.displayName) == ["Sadie"])
        #expect(identity.apps.last?["consented"] == false)
        #expect(identity.federation.issuer == "\(sandbox.url)/federation")
        #expect(identity.managed.imds == sandbox.url)
        #expect(identity.managed.serverThumbprint == nil)
        #expect(try await sandbox.setApp(["consented": false])["consented"] == false)
        #expect(try await sandbox.setBehaviour(["device": ["declined"]])["device"] == ["declined"])
    }

    @Test func certificatesAndTokensAreMade() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let made = try await sandbox.makeCertificate(notAfter: sandbox.clock() + 60, register: true)
        #expect(made.certificate.contains("BEGIN CERTIFICATE") && made.issuer == nil)
        #expect(try await sandbox.identity().apps[0]["certificates"] == [.string(made.certificate)])

        let user = try await sandbox.identity().user
        let token = try await sandbox.issueToken(lifetime: .seconds(60), user: user, capable: true)
        #expect(try await abs(token.expiresOn.timeIntervalSince(sandbox.clock())) < 61)
        #expect(try await sandbox.secrets().contains { $0.kind == "access_token" && $0.value == token.token })
        #expect(try await sandbox.revokeTokens(user: user, insist: true) == 1)
        try await sandbox.relent()
        #expect(try await sandbox.federatedToken(lifetime: .seconds(-60)).split(separator: ".").count == 3)
        #expect(try await sandbox.revokeRefreshTokens() == 0)
        #expect(try await sandbox.aadsts().contains(50076))
    }

    @Test func theHealthOfServicesIsTold() async throws {
        let sandbox = try Sandbox(["blobs": 0, "serviceHealth": ["issues": 3, "messages": []]])
        let issue = try await sandbox.addIssue(["service": "SharePoint Online"])
        let id = try #require(issue["id"]?.string)
        let posted = try await sandbox.addPost(id, content: "Soon.", status: "restoringService")
        #expect(posted["status"] == "restoringService" && posted["posts"]?.array?.count == 1)
        #expect(try await sandbox.updateIssue(id, ["title": "Mine"])["title"] == "Mine")
        #expect(try await sandbox.resolveIssue(id, content: "Done.")["isResolved"] == true)
        let message = try await sandbox.addMessage(["tags": ["Major change"]])
        let changed = try await sandbox.updateMessage(message["id"]?.string ?? "", ["severity": "high"])
        #expect(changed["severity"] == "high")
        #expect(try await sandbox.setServiceHealth(["limits": ["perHour": 5]])["dialect"] == "wire")
        #expect(try await sandbox.serviceHealth()["issues"]?.array?.count == 4)
    }

    @Test func aKeyVaultSigns() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let made = try await sandbox.makeCertificate(register: true)
        #expect(made.pem == made.certificate + made.privateKey)
        let key = made.privateKey
        let credential = Credential.clientCertificate(
            clientID: sandbox.clientID,
            certificate: made.certificate,
            sign: { try await sandbox.sign(privateKey: key, message: $0) }
        )
        let client = try Client(tenant: sandbox.tenant, credential: credential, cloud: sandbox.cloud)
        #expect(try await !client.audit.listSubscriptions().isEmpty)
    }

    @Test func aDeviceCodeGoesOnAsToldTo() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let address = "\(sandbox.url)/\(sandbox.tenant)/oauth2/v2.0/devicecode"
        var request = URLRequest(url: try #require(URL(string: address)))
        request.httpMethod = "POST"
        request.httpBody = Data("client_id=\(sandbox.clientID)&scope=openid".utf8)
        _ = try await URLSession.shared.data(for: request)
        let code = try #require(try await sandbox.deviceCodes().first)
        #expect(code.steps == [.pending, .approved] && !code.redeemed)
        #expect(try await sandbox.deviceCode([.slowDown, .declined], userCode: code.userCode) == 1)
        #expect(try await sandbox.deviceCodes().first?.steps == [.slowDown, .declined])
        #expect(try await sandbox.ledger(operation: "device_code").first?["login"]?["grant"] == "devicecode")
        try await sandbox.credentialState(.disabledApp)
    }
}
