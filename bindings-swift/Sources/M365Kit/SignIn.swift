import Foundation
internal import M365KitNative

extension SignIn {
    /// Makes the address to open in a browser.
    /// - Parameters:
    ///   - tenant: A directory id, a domain, or `common`, `organizations` or `consumers`.
    ///   - cloud: The cloud that the tenant lives in. Default: the worldwide commercial cloud.
    public func begin(tenant: String, cloud: Cloud = .public) throws -> PendingSignIn {
        let arguments = try identity.beginning(tenant: tenant, cloud: cloud)
        let begun: Begun = try decode(translated { try beginSignIn(args: arguments) })
        return try PendingSignIn(client: client, address: begun.url, exported: begun.pending)
    }

    private struct Begun: Decodable {
        let url, pending: String
    }
}

/// A sign-in whose user is in the browser. Its description does not show its secrets.
///
/// ```swift
/// let signIn = SignIn(client: "client-id", redirectURI: "http://localhost:8400")
/// let pending = try signIn.begin(tenant: "organizations")
/// // Open pending.url; the browser comes back to the redirect URI.
/// let client = try Client(tenant: tenant, credential: pending.finish(callback))
/// ```
public struct PendingSignIn: Sendable {
    /// The address to open in the user's browser. It belongs to this sign-in alone.
    public let url: URL
    private let client: Application
    private let exported: String

    fileprivate init(client: Application, address: String, exported: String) throws {
        guard let url = URL(string: address) else {
            throw M365Error(kind: .internalError, message: "the address of the sign-in is no URL")
        }
        self.url = url
        self.client = client
        self.exported = exported
    }

    /// Finishes the sign-in with what came back: the whole address that the browser was sent to, its query, or the body that
    /// it posted. Gives the credential of the user who signed in.
    ///
    /// An answer whose `state` is not this sign-in's is refused and changes nothing: it may be somebody else's, and the right
    /// one may still come.
    public func finish(_ callback: String) throws -> Credential {
        let arguments: Arguments = ["pending": exported, "callback": callback]
        let json = try arguments.json()
        let code: SignedIn = try decode(translated { try finishSignIn(args: json) })
        return code.credential(of: client)
    }

    /// All that it takes to finish the sign-in elsewhere but the client: for web servers whose next request meets another
    /// process. It holds secrets of this user's session, so it belongs there and nowhere else.
    public func export() -> String { exported }

    /// The sign-in that ``export()`` gave.
    public static func restore(client: Application, exported: String) throws -> PendingSignIn {
        let address = try translated { try addressOfSignIn(pending: exported) }
        return try PendingSignIn(client: client, address: address, exported: exported)
    }
}

extension BrowserSignIn {
    /// Opens the browser and waits for the user; gives the credential of the user who signed in. Cancelling the surrounding
    /// `Task` ends the wait.
    /// - Parameters:
    ///   - tenant: A directory id, a domain, or `common`, `organizations` or `consumers`.
    ///   - cloud: The cloud that the tenant lives in. Default: the worldwide commercial cloud.
    public func run(tenant: String, cloud: Cloud = .public) async throws -> Credential {
        let arguments = try identity.beginning(tenant: tenant, cloud: cloud)
        let json = try await crossing { cancel in
            try await browserSignIn(args: arguments, functions: identity.functions.bridge, cancel: cancel)
        }
        let code: SignedIn = try decode(json)
        return code.credential(of: client)
    }
}

/// A code from the browser, and what belongs to it, as the core gives it.
private struct SignedIn: Decodable {
    private enum CodingKeys: String, CodingKey {
        case code, nonce, scopes
        case redirectURI = "redirect_uri"
        case codeVerifier = "code_verifier"
    }

    private let code, redirectURI, codeVerifier: String
    private let nonce: String?
    private let scopes: [String]?

    func credential(of client: Application) -> Credential {
        .authorizationCode(
            client: client,
            code: code,
            redirectURI: redirectURI,
            codeVerifier: codeVerifier,
            nonce: nonce,
            scopes: scopes
        )
    }
}

extension Identity {
    /// What a sign-in begins with.
    fileprivate func beginning(tenant: String, cloud: Cloud) throws -> Data {
        let arguments: Arguments = ["sign_in": members, "tenant": tenant, "cloud": cloud.crossing]
        return try arguments.json()
    }
}

extension SignIn: Discreet {
    var shown: String { identity.description }
}

extension BrowserSignIn: Discreet {
    var shown: String { identity.description }
}

extension PendingSignIn: Discreet {
    var shown: String { "(\(client))" }
}
