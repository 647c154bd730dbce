import Foundation
import M365Kit
import Testing

@Suite struct TokenCacheTests {
    @Test func clientsThatShareACacheAskOnce() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let cache = TokenCache()
        let clients = try (0..<3).map { _ in try sandbox.client(tokenCache: cache) }
        for client in clients { _ = try await client.audit.listSubscriptions() }
        #expect(try await sandbox.tokensAsked() == 1)
        _ = try await sandbox.client().audit.listSubscriptions()
        #expect(try await sandbox.tokensAsked() == 2)
    }

    @Test func whatIsExportedIsImported() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let cache = TokenCache()
        _ = try await sandbox.client(tokenCache: cache).audit.listSubscriptions()
        let next = TokenCache()
        try next.import(cache.export())
        _ = try await sandbox.client(tokenCache: next).audit.listSubscriptions()
        #expect(try await sandbox.tokensAsked() == 1)
        let error = try await failure { try next.import(Data("no cache".utf8)) }
        #expect(!"\(error)".contains("no cache"))
    }

    @Test func aFileOutlivesItsCache() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("m365kit-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tokens").path
        let key = Data((0..<32).map { UInt8($0) })
        let sandbox = try Sandbox(["blobs": 0])
        for _ in 0..<2 {
            let client = try sandbox.client(tokenCache: .inFile(path, key: key))
            _ = try await client.audit.listSubscriptions()
        }
        #expect(try await sandbox.tokensAsked() == 1)
        let sealed = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(!String(decoding: sealed, as: UTF8.self).contains(sandbox.clientID))
        #expect(throws: M365Error.self) { try TokenCache.inFile(path, key: Data(count: 16)) }
        #expect(throws: M365Error.self) { try TokenCache.inFile(path, passphrase: "") }
    }

    @Test func aStoreKeepsACache() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let drawer = Drawer()
        for _ in 0..<2 {
            let client = try sandbox.client(tokenCache: .withStore(drawer))
            _ = try await client.audit.listSubscriptions()
        }
        #expect(try await sandbox.tokensAsked() == 1)
        #expect(await drawer.kept != nil)
    }

    @Test func aUserSignsInOnceForAllClients() async throws {
        let sandbox = try Sandbox(["blobs": 0, "identity": ["behaviour": ["deviceInterval": 0]]])
        let cache = TokenCache()
        let prompts = Collected<DeviceCodePrompt>()
        for _ in 0..<2 {
            let credential = Credential.deviceCode(clientID: sandbox.clientID) { await prompts.add($0) }
            let client = try sandbox.client(credential: credential, tokenCache: cache)
            _ = try await client.audit.listSubscriptions()
        }
        #expect(await prompts.values.count == 1)
    }
}

/// A place for a cache in the application.
private actor Drawer: TokenStore {
    private(set) var kept: Data?

    func load() -> Data? { kept }

    func save(_ cache: Data) { kept = cache }
}
