import Foundation
import M365Kit
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite struct SignInTests {
    @Test func aSignInLeadsToACredential() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let pending = try begin(sandbox, client: Application(sandbox.clientID))
        let callback = try await redirect(of: pending.url)
        _ = try await sandbox.client(credential: pending.finish(callback)).audit.listSubscriptions()
    }

    @Test func itIsFinishedInAnotherProcess() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let secret = try #require(sandbox.details["clientSecret"]?.string)
        let server = Application.confidential(.clientSecret(clientID: sandbox.clientID, secret: secret))
        let begun = try begin(sandbox, client: server, redirectURI: "http://localhost/web")
        let exported = begun.export()
        #expect(!exported.contains(secret))
        let restored = try PendingSignIn.restore(client: server, exported: exported)
        #expect(restored.url == begun.url)
        let callback = try await redirect(of: restored.url)
        _ = try await sandbox.client(credential: restored.finish(callback)).audit.listSubscriptions()
        let error = try await failure { try PendingSignIn.restore(client: server, exported: "{}") }
        #expect(error.kind == .invalidRequest)
    }

    @Test func anAnswerToAnotherSignInIsRefused() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = Application(sandbox.clientID)
        let (mine, other) = (try begin(sandbox, client: client), try begin(sandbox, client: client))
        let callback = try await redirect(of: other.url)
        let error = try await failure { try mine.finish(callback) }
        #expect(error.kind == .authError)
        // It changed nothing.
        _ = try mine.finish(await redirect(of: mine.url))
    }

    @Test func aRefusalSaysWhatTheServiceSaid() async throws {
        let sandbox = try Sandbox(["blobs": 0, "identity": ["behaviour": ["authorize": "refuse"]]])
        let pending = try begin(sandbox, client: Application(sandbox.clientID))
        let callback = try await redirect(of: pending.url)
        let error = try await failure { try pending.finish(callback) }
        #expect(error.oauthError == "access_denied")
    }

    @Test func aBrowserSignsIn() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let signIn = BrowserSignIn(client: Application(sandbox.clientID)) { url in
            Task { try await browse(url.absoluteString) }
        }
        let credential = try await signIn.run(tenant: sandbox.tenant, cloud: sandbox.cloud)
        _ = try await sandbox.client(credential: credential).audit.listSubscriptions()
    }

    @Test func aBrowserThatCannotBeOpenedIsTheCause() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let signIn = BrowserSignIn(client: Application(sandbox.clientID)) { _ in
            throw Complaint("there is no screen")
        }
        let error = try await failure {
            try await signIn.run(tenant: sandbox.tenant, cloud: sandbox.cloud)
        }
        #expect(error.kind == .authError)
        #expect(error.causes.contains { $0.contains("there is no screen") }, "\(error)")
    }

    @Test func cancellingEndsABrowserSignIn() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let opened = Collected<URL>()
        let signIn = BrowserSignIn(client: Application(sandbox.clientID)) { await opened.add($0) }
        let running = Task { try await signIn.run(tenant: sandbox.tenant, cloud: sandbox.cloud) }
        let url = try await first(of: opened)
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        let query = URLComponents(url: url, resolvingAgainstBaseURL: false)?.queryItems
        let back = try #require(query?.first { $0.name == "redirect_uri" }?.value)
        // Nobody listens there any more.
        await #expect(throws: (any Error).self) { try await browse(back) }
    }

    @Test func cancellingEndsTheFunctionThatIsAsked() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let opened = Collected<URL>()
        let ended = Collected<Bool>()
        let signIn = BrowserSignIn(client: Application(sandbox.clientID)) { url in
            await opened.add(url)
            try? await Task.sleep(for: .seconds(60))
            await ended.add(Task.isCancelled)
        }
        let running = Task { try await signIn.run(tenant: sandbox.tenant, cloud: sandbox.cloud) }
        _ = try await first(of: opened)
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(try await first(of: ended))
    }

    /// Waits until there is one.
    private func first<Value>(of collected: Collected<Value>) async throws -> Value {
        let limit = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < limit {
            if let value = await collected.values.first { return value }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Complaint("nothing came")
    }

    private func begin(
        _ sandbox: Sandbox,
        client: Application,
        redirectURI: String = "http://localhost:8400"
    ) throws -> PendingSignIn {
        try SignIn(client: client, redirectURI: redirectURI).begin(
            tenant: sandbox.tenant,
            cloud: sandbox.cloud
        )
    }
}
