import Foundation
import M365Kit
import Testing

@Suite struct CredentialTests {
    private let secret = "correct horse battery"

    @Test func noDescriptionShowsASecret() throws {
        let client = ConfidentialClient.clientSecret(clientID: "the-app", secret: secret)
        let certificate = ConfidentialClient.clientCertificate(
            clientID: "the-app",
            certificate: secret,
            password: secret
        )
        let application = Application.confidential(client)
        let token = secret
        let values: [Any] = [
            client, certificate, application, Credential(client), Credential(certificate),
            Credential.clientSecret(clientID: "the-app", secret: secret),
            Credential.staticToken(secret),
            Credential.tokenProvider { _ in AccessToken(token) },
            Credential.workloadIdentity(clientID: "the-app") { token },
            Credential.onBehalfOf(client: client, userToken: secret),
            Credential.refreshToken(client: application, token: secret),
            Credential.refreshToken(client: "the-app", token: secret),
            Credential.authorizationCode(
                client: application,
                code: secret,
                redirectURI: "http://localhost",
                codeVerifier: secret,
                nonce: secret
            ),
            SignIn(client: application, redirectURI: "http://localhost"),
            BrowserSignIn(client: application),
            try TokenCache.inFile("tokens", passphrase: secret),
            try TokenCache.inFile("tokens", key: Data(secret.utf8) + Data(count: 11)),
        ]
        for value in values {
            for text in shown(value) {
                #expect(!text.contains(secret), "\(type(of: value))")
                #expect(!text.contains(Data(secret.utf8).base64EncodedString()), "\(type(of: value))")
            }
        }
    }

    @Test func aDescriptionSaysWhoItIs() {
        let credential = Credential.onBehalfOf(
            client: .clientSecret(clientID: "the-app", secret: secret),
            userToken: secret
        )
        let wanted =
            "Credential(on_behalf_of, client: (client_secret, client_id: the-app, endpoint: v2, secret: …), user_token: …)"
        #expect(credential.description == wanted)
        #expect(Application("the-app").description == "Application(the-app)")
        #expect(TokenCache().description == "TokenCache(in memory)")
    }

    @Test func aPendingSignInKeepsItsSecrets() throws {
        let pending = try SignIn(client: "the-app", redirectURI: "http://localhost").begin(tenant: "common")
        let exported = try JSON(parsing: pending.export())
        let secrets = ["state", "nonce", "verifier"].compactMap { exported[$0]?.string }
        #expect(secrets.count == 3)
        for text in shown(pending) {
            for secret in secrets { #expect(!text.contains(secret)) }
        }
    }

    @Test func whatAFunctionThrowsIsTheCause() async throws {
        struct Closed: Error, CustomStringConvertible {
            let description = "the vault is closed"
        }
        let sandbox = try Sandbox(["blobs": 0])
        let certificate = try await sandbox.control("make_certificate", ["register": true])
        let pem = try #require(certificate["certificate"]?.string)
        let clientID = sandbox.clientID
        let user = try #require(sandbox.details["identity"]?["user"])
        let userToken = try await sandbox.token(["audience": .string("api://\(clientID)"), "user": user])
        let credentials: [Credential] = [
            .tokenProvider { _ in throw Closed() },
            .deviceCode(clientID: clientID) { _ in throw Closed() },
            .workloadIdentity(clientID: clientID) { throw Closed() },
            .clientCertificate(clientID: clientID, certificate: pem) { _ in throw Closed() },
            .onBehalfOf(
                client: .clientCertificate(clientID: clientID, certificate: pem) { _ in throw Closed() },
                userToken: userToken
            ),
        ]
        for credential in credentials {
            let client = try sandbox.client(credential: credential)
            let error = try await failure { try await client.audit.listSubscriptions() }
            #expect(error.kind == .authError, "\(credential)")
            #expect(error.causes.contains("the vault is closed"), "\(credential): \(error)")
        }
    }

    @Test func aDeviceCodeIsShown() async throws {
        let sandbox = try Sandbox(["blobs": 0, "identity": ["behaviour": ["deviceInterval": 0]]])
        let prompts = Collected<DeviceCodePrompt>()
        let client = try sandbox.client(
            credential: .deviceCode(clientID: sandbox.clientID) { await prompts.add($0) }
        )
        _ = try await client.audit.listSubscriptions()
        let prompt = try #require(await prompts.values.first)
        #expect(await prompts.values.count == 1)
        #expect(prompt.message.contains(prompt.userCode))
        #expect(URL(string: prompt.verificationURI) != nil)
    }

    @Test func aProviderIsToldTheClaims() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let asked = Collected<TokenRequest>()
        let client = try sandbox.client(
            credential: .tokenProvider { request in
                await asked.add(request)
                return AccessToken(try await sandbox.token(["capable": true]))
            }
        )
        _ = try await client.audit.listSubscriptions()
        _ = try await sandbox.control("revoke_tokens", [:])
        try await sandbox.advance(by: .seconds(5))
        _ = try await client.audit.listSubscriptions()
        let requests = await asked.values
        #expect(requests.count == 2)
        #expect(requests.first?.claims == nil)
        let claims = try JSON(parsing: try #require(requests.last?.claims))
        #expect(claims["access_token"]?.object != nil)
    }

    @Test func anErrorCarriesWhatTheSignInServiceSays() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client(
            credential: .refreshToken(client: Application(sandbox.clientID), token: "unknown")
        )
        let error = try await failure { try await client.audit.listSubscriptions() }
        #expect(error.kind == .authError)
        #expect(error.oauthError == "invalid_grant")
        #expect(error.interactionRequired)
        #expect(error.traceID != nil && error.correlationID != nil)
        let copy = try JSONDecoder().decode(M365Error.self, from: JSONEncoder().encode(error))
        #expect(copy == error)
    }

    /// Everything by which a value can be seen.
    private func shown(_ value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        let mirrored = Mirror(reflecting: value).children.map { "\($0.label ?? ""): \($0.value)" }
        return ["\(value)", String(reflecting: value), dumped, mirrored.joined(separator: "\n")]
    }
}
