#if !M365KIT_WITHOUT_SANDBOX
import Foundation

// What it does as the Discovery Service.
extension Sandbox {
    /// Changes what is given of how the Discovery Service behaves, such as `["retired": true]`; gives the whole of it.
    ///
    /// - Parameter discovery: An object of `retired`, `users`, `auto`, `error`, `pascalCase`, `pageSize`, `mischief` and
    ///   `domains`, as the configuration has it.
    @discardableResult
    public func setDiscovery(_ discovery: JSON) async throws -> JSON {
        try await control("set_discovery", discovery)
    }

    /// Does this to whoever reads the Discovery Service from here on; nothing when nil.
    public func discoveryMischief(_ mischief: DiscoveryMischief?) async throws {
        let said = mischief.map { JSON.string($0.rawValue) }
        _ = try await control("set_discovery", ["mischief": said ?? .null])
    }

    /// Sets what the Discovery Service, and Graph in its place, find for a user.
    /// - Parameters:
    ///   - name: Who, such as `sadie.lund@contoso.onmicrosoft.com`.
    ///   - licensed: Whether they have a licence; without one the list is empty.
    ///   - consented: The capabilities that they consented to; all when nil. With none of them they are refused.
    /// - Returns: The whole of how the service behaves.
    @discardableResult
    public func discoveryUser(
        _ name: String,
        licensed: Bool = true,
        consented: [String]? = nil
    ) async throws -> JSON {
        var arguments: [String: JSON] = ["name": .string(name), "licensed": .bool(licensed)]
        arguments["consented"] = consented.map { .array($0.map(JSON.string)) }
        return try await control("discovery_user", .object(arguments))
    }
}

/// What the Discovery Service of a ``Sandbox`` does to whoever reads it: the first eleven to lists, two more to their rows,
/// the others to answers of `FirstSignIn`.
public enum DiscoveryMischief: String, Sendable, CaseIterable {
    case doctype
    case entities
    case depth
    case badUtf8 = "bad_utf8"
    case unknownEncoding = "unknown_encoding"
    case latin1
    case utf16
    case large
    case wrongType = "wrong_type"
    case foreignNext = "foreign_next"
    case loopNext = "loop_next"
    case foreignEndpoint = "foreign_endpoint"
    case foreignResource = "foreign_resource"
    case httpTokenService = "http_token_service"
    case foreignTokenService = "foreign_token_service"
    case lookAlike = "look_alike"
    case foreignAuthorizationService = "foreign_authorization_service"
    case foreignDiscoveryService = "foreign_discovery_service"
    case wrongRedirect = "wrong_redirect"
    case missingParameter = "missing_parameter"
    case doubleParameter = "double_parameter"
    case extraParameter = "extra_parameter"
}
#endif
