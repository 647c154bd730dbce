/// What a client proves its identity with. Its description does not show its secrets.
public struct Credential: Sendable {
    let identity: Identity

    init(identity: Identity) { self.identity = identity }

    /// The credential of an application that acts for itself.
    public init(_ client: ConfidentialClient) { identity = client.identity }
}

/// An application that can prove who it is: one on a server, which keeps its secret. Its description does not show it.
///
/// Some credentials build on one, such as `.onBehalfOf(client: .clientSecret(clientID: id, secret: secret), userToken: token)`.
public struct ConfidentialClient: Sendable {
    let identity: Identity

    init(identity: Identity) { self.identity = identity }

    var crossing: Arguments.Argument { identity }
}

/// The application that a user signs in to: a public one by its client id alone, a confidential one with its proof.
///
/// ```swift
/// let app: Application = "11111111-2222-3333-4444-555555555555"
/// let server: Application = .confidential(.clientSecret(clientID: clientID, secret: secret))
/// ```
public struct Application: Sendable {
    private enum Kind {
        case `public`(String)
        case confidential(ConfidentialClient)
    }

    private let kind: Kind

    /// An application on a device of its user's, which can keep no secret.
    public init(_ clientID: String) { kind = .public(clientID) }

    /// An application on a server.
    public static func confidential(_ client: ConfidentialClient) -> Application {
        Application(kind: .confidential(client))
    }

    private init(kind: Kind) { self.kind = kind }

    var crossing: Arguments.Argument {
        switch kind {
        case .public(let clientID): clientID
        case .confidential(let client): client.crossing
        }
    }
}

extension Application: ExpressibleByStringLiteral {
    /// A public application, by its client id.
    public init(stringLiteral clientID: String) { self.init(clientID) }
}

extension Credential: Discreet {
    var shown: String { identity.description }
}

extension ConfidentialClient: Discreet {
    var shown: String { identity.description }
}

extension Application: Discreet {
    var shown: String {
        switch kind {
        case .public(let clientID): "(\(clientID))"
        case .confidential(let client): client.shown
        }
    }
}
