import Foundation
internal import M365KitNative

/// Where tokens are kept. Clients that are given the same one share it: each token is asked for once, and a user who has
/// signed in to one of them need not do so again.
///
/// ```swift
/// let cache = try TokenCache.inFile("contoso.tokens", key: key)
/// let client = try Client(tenant: tenant, credential: credential, tokenCache: cache)
/// ```
///
/// Its description does not show what it holds.
public final class TokenCache: Sendable {
    let native: NativeTokenCache
    private let place: String

    /// A cache that ends with the process.
    public init() {
        native = .inMemory()
        place = "in memory"
    }

    private init(place: String, _ arguments: Arguments = [:], store: Functions = Functions()) throws {
        let json = try arguments.json()
        native = try translated { try NativeTokenCache(place: json, store: store.bridge) }
        self.place = place
    }

    /// A cache in an encrypted file that only its owner can read, shared with other processes.
    /// - Parameters:
    ///   - path: The file; it is made when there is something to keep.
    ///   - key: The 32 bytes of the key that seals it (AES-256-GCM). Keep it where secrets are kept.
    public static func inFile(_ path: String, key: Data) throws -> TokenCache {
        try TokenCache(place: "in file \(path)", ["path": path, "key": key])
    }

    /// The same, under a key that is made from a passphrase.
    public static func inFile(_ path: String, passphrase: String) throws -> TokenCache {
        try TokenCache(place: "in file \(path)", ["path": path, "passphrase": passphrase])
    }

    /// A cache in the platform's keyring, under this name: the Keychain on Apple's platforms. Elsewhere the native library has
    /// to be built with keyrings.
    public static func inKeyring(_ name: String) throws -> TokenCache {
        try TokenCache(place: "in keyring \(name)", ["keyring": name])
    }

    /// A cache that is kept in a store of the application's.
    public static func withStore(_ store: any TokenStore) throws -> TokenCache {
        try TokenCache(place: "in a store of the application's", store: .store(store))
    }

    /// All that is worth keeping, as bytes for ``import(_:)``. They hold tokens in the clear: keep them as you would a
    /// password.
    public func export() -> Data { native.export() }

    /// Takes in what ``export()`` gave. Where both have an entry, the newer one stays.
    public func `import`(_ bytes: Data) throws {
        try translated { try native.import(exported: bytes) }
    }
}

/// A place of the application's for a ``TokenCache``, such as a row of a database.
///
/// The bytes hold tokens in the clear: encrypt them. It is read when the first token is needed and written after each change.
public protocol TokenStore: Sendable {
    /// Gives what was saved last; nil where nothing was.
    func load() async throws -> Data?

    /// Keeps this in place of what was saved before.
    func save(_ cache: Data) async throws
}

extension TokenCache: Discreet {
    var shown: String { "(\(place))" }
}
