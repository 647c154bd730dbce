import Foundation

/// Where an application gets its tokens from: its own sign-in library, or a service of its own.
///
/// It is asked once for a token that several requests wait for, again before the token ends, and again when the service
/// refuses it. What it throws reaches the caller as the cause of an ``M365Error`` of kind `authError`.
///
/// `docs/msal.md` has a complete one over MSAL, for apps of Apple's platforms.
public protocol TokenProvider: Sendable {
    /// Gives a bearer token for what the request names.
    func token(for request: TokenRequest) async throws -> AccessToken
}

/// What a token is wanted for.
public struct TokenRequest: Hashable, Sendable {
    /// The scope, as the v2 endpoint takes it: `https://manage.office.com/.default`.
    public var scope: String
    /// The resource, as the v1 endpoint takes it: `https://manage.office.com`.
    public var resource: String
    /// The tenant of the client.
    public var tenant: String
    /// The claims that the service demands of the token, as JSON text; nil as a rule. A token from before they were demanded
    /// is refused again: the sign-in library has to be told of them.
    public var claims: String?

    /// A request, as tests of a provider make one.
    public init(scope: String, resource: String, tenant: String, claims: String? = nil) {
        self.scope = scope
        self.resource = resource
        self.tenant = tenant
        self.claims = claims
    }
}

/// A bearer token and when it ends. Its description does not show it.
public struct AccessToken: Hashable, Sendable {
    /// The token, without the word `Bearer`.
    public var token: String
    /// When it ends; nil when that is not known, and it is then used until the service refuses it.
    public var expiresOn: Date?

    /// A token, and when it ends.
    public init(_ token: String, expiresOn: Date? = nil) {
        self.token = token
        self.expiresOn = expiresOn
    }

    var crossing: Arguments { ["token": token, "expires_on": expiresOn] }
}

extension AccessToken: Discreet {
    var shown: String { "(…, expiresOn: \(expiresOn?.rfc3339 ?? "unknown"))" }
}

extension Credential {
    /// Tokens come from the application.
    public static func tokenProvider(_ provider: any TokenProvider) -> Credential {
        Credential(identity: Identity(kind: "callback", functions: .token(provider)))
    }

    /// Tokens come from a closure of the application.
    public static func tokenProvider(
        _ provide: @escaping @Sendable (TokenRequest) async throws -> AccessToken
    ) -> Credential {
        .tokenProvider(ClosureProvider(provide: provide))
    }
}

private struct ClosureProvider: TokenProvider {
    let provide: @Sendable (TokenRequest) async throws -> AccessToken

    func token(for request: TokenRequest) async throws -> AccessToken { try await provide(request) }
}

/// A request as the core asks it.
struct WantedToken: Decodable {
    private let scope, resource, tenant: String
    private let claims: String?

    var request: TokenRequest {
        TokenRequest(scope: scope, resource: resource, tenant: tenant, claims: claims)
    }
}
