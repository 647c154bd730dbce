import Foundation
import M365Kit

/// The tenant that the environment names; without one, a simulated tenant that is made as told.
public struct Tenant: Sendable {
    public let client: Client
    /// Stops when it is released.
    private let sandbox: Sandbox?

    public var isSimulated: Bool { sandbox != nil }

    public init(simulated: [String: JSON] = [:]) throws {
        let environment = ProcessInfo.processInfo.environment
        if let name = environment["TENANT"] {
            let id = environment["CLIENT_ID"] ?? ""
            let secret = environment["CLIENT_SECRET"] ?? ""
            client = try Client(tenant: name, credential: .clientSecret(clientID: id, secret: secret))
            sandbox = nil
        } else {
            let subscribed: [String: JSON] = ["subscribed": ["Audit.AzureActiveDirectory", "Audit.Exchange"]]
            let sandbox = try Sandbox(.object(subscribed.merging(simulated) { $1 }))
            client = try Client(
                tenant: sandbox.tenant,
                credential: sandbox.credential,
                cloud: sandbox.cloud
            )
            self.sandbox = sandbox
        }
    }
}
