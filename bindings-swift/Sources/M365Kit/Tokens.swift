import Foundation
internal import M365KitNative

/// Where an application gets its tokens from: its own sign-in library, or a service of its own.
///
/// It is asked once for a token that several requests wait for, again before the token ends, and again when the service
/// refuses it. What it throws reaches the caller as the cause of an ``M365Error`` of kind `authError`.
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

    public init(scope: String, resource: String, tenant: String) {
        self.scope = scope
        self.resource = resource
        self.tenant = tenant
    }
}

/// A bearer token and when it ends. Its description does not show it.
public struct AccessToken: Hashable, Sendable {
    public var token: String
    /// When it ends; nil when that is not known, and it is then used until the service refuses it.
    public var expiresOn: Date?

    public init(_ token: String, expiresOn: Date? = nil) {
        self.token = token
        self.expiresOn = expiresOn
    }
}

extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "AccessToken(…, expiresOn: \(expiresOn?.rfc3339 ?? "unknown"))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["expiresOn": expiresOn as Any]) }
}

extension Credential {
    /// Tokens come from the application.
    public static func tokenProvider(_ provider: any TokenProvider) -> Credential {
        Credential(kind: "callback", provider: provider)
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

/// The provider as the native crate sees it.
final class ProviderBridge: NativeTokens {
    private let provider: any TokenProvider

    init(_ provider: any TokenProvider) { self.provider = provider }

    func token(request: NativeTokenRequest) async throws -> NativeToken {
        let wanted = TokenRequest(scope: request.scope, resource: request.resource, tenant: request.tenant)
        do {
            let given = try await provider.token(for: wanted)
            let milliseconds = given.expiresOn.map { Int64($0.timeIntervalSince1970 * 1_000) }
            return NativeToken(token: given.token, expiresOn: milliseconds)
        } catch {
            throw TokenFailure.Failed(reason: String(describing: error))
        }
    }
}
