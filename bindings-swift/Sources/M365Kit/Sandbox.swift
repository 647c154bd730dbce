#if !M365KIT_WITHOUT_SANDBOX
import Foundation
internal import M365KitNative

/// A simulated tenant on loopback: what the first steps run on, and what an application's own tests can run on. It speaks
/// the APIs with their paging, limits and errors, is made from a seed, and can be told to misbehave.
///
/// ```swift
/// let sandbox = try Sandbox(["days": 1, "blobs": 60])
/// let client = try Client(tenant: sandbox.tenant, credential: sandbox.credential, cloud: sandbox.cloud)
/// ```
///
/// It stops when it is released, or by ``stop()``.
public final class Sandbox: Sendable {
    /// Where it listens.
    public let url: String
    /// The id of its tenant.
    public let tenant: String
    /// The name of its tenant.
    public let domain: String
    /// The application that it knows.
    public let clientID: String
    /// All that it says of itself, its whole configuration with the defaults among it. Holds the secret.
    public let details: JSON

    private let native: NativeSandbox
    private let secret: String

    /// Starts one, in less than 100 ms.
    /// - Parameter configuration: An object of what differs from the defaults: `seed`, `days`, `blobs`, `records`,
    ///   `pageSize`, `contentTypes`, `rateLimit` and the others that `m365kit-sandbox --help` describes. `identity` has
    ///   applications, users, managed identities and the behaviour of its authority:
    ///   `["apps": [["consented": false]], "behaviour": ["device": ["declined"]]]`. `discovery` is the Discovery
    ///   Service, and what the authority says of other domains.
    public init(_ configuration: JSON = [:]) throws {
        let json = Data(configuration.description.utf8)
        let native = try translated { try NativeSandbox(config: json) }
        let described: Description = try decode(native.describe())
        self.native = native
        details = try decode(native.describe())
        url = described.url
        tenant = described.tenant
        domain = described.domain
        clientID = described.clientId
        secret = described.clientSecret
        cloud = described.cloud.cloud
    }

    private struct Description: Decodable {
        struct Hosts: Decodable {
            let authority, management, graph, outlook, discovery: String

            var cloud: Cloud {
                .custom(
                    authority: authority,
                    management: management,
                    graph: graph,
                    outlook: outlook,
                    discovery: discovery
                )
            }
        }

        let url, tenant, domain, clientId, clientSecret: String
        let cloud: Hosts
    }

    /// A credential that it takes.
    public var credential: Credential { .clientSecret(clientID: clientID, secret: secret) }

    /// Its hosts.
    public let cloud: Cloud

    /// The certificate to trust when it listens on HTTPS, as PEM; nil on HTTP.
    public var rootCertificate: String? { details["caCertificate"]?.string }

    /// Stops it; connections are closed.
    public func stop() { native.stop() }

    /// Asks for a control operation by its name. The methods below say the same with types.
    public func control(_ name: String, _ arguments: JSON = [:]) async throws -> JSON {
        let json = Data(arguments.description.utf8)
        let answer = try await crossing { cancel in
            try await native.control(name: name, args: json, cancel: cancel)
        }
        return try decode(answer)
    }
}

extension Sandbox: Discreet {
    var shown: String { "(\(url), tenant: \(tenant))" }
}

// Its clock.
extension Sandbox {
    /// What time it is there.
    public func clock() async throws -> Date {
        let answer = try await control("clock")
        guard let now = answer["now"]?.string.flatMap(Date.init(rfc3339:)) else {
            throw M365Error(kind: .decodeError, message: "the sandbox gave no time: \(answer)")
        }
        return now
    }

    /// Moves its clock forward.
    public func advance(by duration: Duration) async throws {
        _ = try await control("advance", ["seconds": .number(duration.inSeconds)])
    }

    /// Sets its clock.
    public func setClock(_ now: Date) async throws {
        _ = try await control("set_clock", ["now": .string(now.rfc3339)])
    }

    /// Lets the `Date` header of its answers differ from its clock.
    public func skew(by duration: Duration) async throws {
        _ = try await control("skew", ["seconds": .number(duration.inSeconds)])
    }
}

// What it has seen, and what it does wrong.
extension Sandbox {
    /// The requests that it got, oldest first, each an object with `method`, `path`, `operation`, `query`, `headers`,
    /// `status` and `aborted` (the client hung up before the answer was written), and `login` for those that asked for a
    /// token. Tokens in it are numbered, not shown.
    public func ledger(
        path: String? = nil,
        method: String? = nil,
        contentType: ContentType? = nil,
        operation: String? = nil
    ) async throws -> [JSON] {
        let arguments = object([
            "path": path,
            "method": method,
            "contentType": contentType?.rawValue,
            "operation": operation,
        ])
        return try await control("ledger", arguments)["requests"]?.array ?? []
    }

    /// Forgets the requests so far.
    public func clearLedger() async throws {
        _ = try await control("clear_ledger")
    }

    /// Makes it misbehave.
    /// - Parameters:
    ///   - match: Which requests: an object with any of `operation`, `method`, `path`, `contentType`, `contentId`, `nth`.
    ///   - action: What happens to them, such as `["status": 503]`, `["cutAfter": 100]`, `["delay": 2]` or, for the
    ///     authority, `["aadsts": 50076]`.
    ///   - when: `"once"`, `"always"`, `["every": 3]` or `["share": 0.1, "seed": 1]`; the sandbox's default when nil.
    ///   - times: How often at most.
    /// - Returns: The name of the fault in the ledger and in ``faultStats()``.
    @discardableResult
    public func fault(
        match: JSON,
        action: JSON,
        when: JSON? = nil,
        times: Int? = nil
    ) async throws -> JSON {
        var arguments: [String: JSON] = ["match": match, "action": action]
        arguments["when"] = when
        arguments["times"] = times.map { .integer(Int64($0)) }
        return try await control("fault", .object(arguments))["id"] ?? .null
    }

    /// Ends all faults.
    public func clearFaults() async throws {
        _ = try await control("clear_faults")
    }

    /// How often each fault has been met.
    public func faultStats() async throws -> JSON {
        try await control("fault_stats")
    }

    /// Figures of all requests so far.
    public func stats() async throws -> JSON {
        try await control("stats")
    }

    /// Limits the requests it takes from here on, as `["perMinute": 600, "burst": 10]`; nil lifts the limit.
    public func rateLimit(_ limit: JSON?) async throws {
        _ = try await control("rate_limit", limit ?? .null)
    }

    /// Sets the roles in the tokens it gives out.
    public func setRoles(_ roles: [String]) async throws {
        _ = try await control("set_roles", ["roles": .array(roles.map(JSON.string))])
    }
}

// Its audit feed.
extension Sandbox {
    /// What its feed holds: `blobs`, `records`, `uniqueRecords`, `bytes`, and with `ids` the ids of all records.
    public func feed(contentTypes: [ContentType]? = nil, ids: Bool = false) async throws -> JSON {
        var arguments: [String: JSON] = ["ids": .bool(ids)]
        arguments["contentTypes"] = contentTypes.map { .array($0.map { .string($0.rawValue) }) }
        return try await control("feed", .object(arguments))
    }

    /// Changes how the feed grows as its clock passes, such as `["blobsPerMinute": 60]`; nil ends it.
    public func live(_ growth: JSON?) async throws {
        _ = try await control("live", growth ?? ["blobsPerMinute": nil])
    }

    /// Adds a blob of records to the feed; gives its `contentId` and `contentUri`.
    ///
    /// It is listed when it is `created`, or later where `listedAt` says so.
    @discardableResult
    public func addContent(
        _ contentType: ContentType,
        records: [JSON],
        created: Date? = nil,
        listedAt: Date? = nil,
        expires: Date? = nil,
        contentURI: String? = nil
    ) async throws -> JSON {
        var arguments = object([
            "contentType": contentType.rawValue,
            "created": created?.rfc3339,
            "listedAt": listedAt?.rfc3339,
            "expires": expires?.rfc3339,
            "contentUri": contentURI,
        ])
        arguments = .object((arguments.object ?? [:]).merging(["records": .array(records)]) { $1 })
        return try await control("add_content", arguments)
    }

    /// Lets a blob expire.
    public func expireContent(_ contentID: String) async throws {
        _ = try await control("expire_content", ["contentId": .string(contentID)])
    }

    /// The state of each subscription.
    public func subscriptions() async throws -> JSON {
        try await control("subscriptions")
    }

    /// Sets the state of a subscription: `enabled`, `disabled` or `absent`.
    public func setSubscription(_ contentType: ContentType, status: String) async throws {
        let arguments: JSON = ["contentType": .string(contentType.rawValue), "status": .string(status)]
        _ = try await control("set_subscription", arguments)
    }

    /// Makes deliveries to webhooks go wrong, such as `["share": 0.33, "actions": ["drop", "duplicate"]]`; nil ends it.
    public func webhookFaults(_ faults: JSON?) async throws {
        _ = try await control("webhook_faults", faults ?? .null)
    }

    /// The notifications that it has sent to webhooks, or tried to.
    public func webhooks() async throws -> JSON {
        try await control("webhooks")
    }

    /// Sends the notifications that are due by its clock.
    @discardableResult
    public func pumpWebhooks() async throws -> JSON {
        try await control("pump_webhooks")
    }

    private func object(_ members: [String: String?]) -> JSON {
        .object(members.compactMapValues { $0.map(JSON.string) })
    }
}
#endif
