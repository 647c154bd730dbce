#if !M365KIT_WITHOUT_SANDBOX
import Foundation

/// Who may sign in to a ``Sandbox``, and where.
public struct SandboxDirectory: Decodable, Sendable {
    /// Who signs in where nobody is named.
    public let user: String?
    /// Who can sign in.
    public let users: [SandboxUser]
    /// The applications, as the configuration spells them.
    public let apps: [JSON]
    /// The issuer of tokens that workloads bring.
    public let federation: SandboxFederation
    /// Where its machine asks for tokens.
    public let managed: SandboxMachine
    /// How the authority behaves, as the configuration spells it.
    public let behaviour: JSON
}

/// Somebody who can sign in.
public struct SandboxUser: Decodable, Sendable {
    /// How they sign in, such as `sadie.lund@contoso.onmicrosoft.com`.
    public let name: String
    /// What others see.
    public let displayName: String
    /// Whether it is a personal account.
    public let personal: Bool
}

/// The issuer of tokens that workloads bring.
public struct SandboxFederation: Decodable, Sendable {
    /// The claim `iss` of its tokens, where its metadata are.
    public let issuer: String
    /// Where a job asks for one, as `ACTIONS_ID_TOKEN_REQUEST_URL` says it.
    public let requestURL: String

    private enum CodingKeys: String, CodingKey {
        case issuer
        case requestURL = "requestUrl"
    }
}

/// Where a machine asks for tokens of its managed identities, by the kind of its host.
public struct SandboxMachine: Decodable, Sendable {
    /// The secret that the endpoints want to be shown (`IDENTITY_HEADER`).
    public let header: String
    /// The user-assigned identities.
    public let user: [SandboxManagedIdentity]
    /// The origin of IMDS, in place of `http://169.254.169.254`.
    public let imds: String
    public let appService, machineLearning, arc, serviceFabric, cloudShell: String
    /// Where Arc's challenge files are.
    public let arcDirectory: String
    /// What stands for `ProgramData`, below which they are.
    public let arcProgramData: String
    /// The thumbprint of the sandbox's certificate, where it speaks TLS.
    public let serverThumbprint: String?
}

/// A user-assigned identity of a machine.
public struct SandboxManagedIdentity: Decodable, Sendable {
    /// Its client id.
    public let clientID: String
    /// The id of its service principal.
    public let objectID: String
    /// Its id as a resource of Azure.
    public let resourceID: String

    private enum CodingKeys: String, CodingKey {
        case clientID = "clientId"
        case objectID = "objectId"
        case resourceID = "resourceId"
    }
}

/// A certificate that was made for a client to sign in with.
public struct SandboxCertificate: Decodable, Sendable {
    /// In PEM.
    public let certificate, privateKey: String
    /// Both, one after the other.
    public let pem: String
    /// The certificate of the authority that signed it, if it is not self-signed.
    public let issuer: String?
    /// Such as `CN=audit.contoso.example`.
    public let subject: String
    /// The SHA-1 and the SHA-256 thumbprint, as headers of assertions have them.
    public let x5t, x5tS256: String
}

/// How a key signs.
public enum SandboxSignature: String, Sendable {
    case ps256, rs256
}

/// The kind of key that a certificate is of.
public enum SandboxKey: String, Sendable {
    case rsa, ec
}

/// An access token that was given out without a request.
public struct SandboxToken: Decodable, Sendable {
    public let token: String
    /// When it expires.
    public let expiresOn: Date

    public init(from decoder: any Decoder) throws {
        let members = try MemberReader(decoder)
        token = try members.required("token")
        expiresOn = try members.required("expiresOn")
    }
}

/// A device code that was given out.
public struct SandboxDeviceCode: Decodable, Sendable {
    /// What people type.
    public let userCode: String
    /// The application.
    public let clientID: String
    /// What the polls to come are told.
    public let steps: [DeviceStep]
    /// When it expires.
    public let expires: Date
    /// Whether it has become a token.
    public let redeemed: Bool

    public init(from decoder: any Decoder) throws {
        let members = try MemberReader(decoder)
        userCode = try members.required("userCode")
        clientID = try members.required("clientId")
        steps = try members.required("steps")
        expires = try members.required("expires")
        redeemed = try members.required("redeemed")
    }
}

/// What a poll for a device code is told.
public enum DeviceStep: String, Codable, Sendable {
    case pending
    case slowDown = "slow_down"
    case approved, declined, expired, bad
}

/// What the authority of a ``Sandbox`` thinks of the application.
public enum CredentialState: String, Sendable {
    case ok, expired
    case wrongSecret = "wrong_secret"
    case unknownApp = "unknown_app"
    case disabledApp = "disabled_app"
    case unknownTenant = "unknown_tenant"
    case otherCloud = "other_cloud"
    case unknownResource = "unknown_resource"
    case unavailable
    case otherTenant = "other_tenant"
}

/// A secret that the authority of a ``Sandbox`` has given out or was shown.
public struct SandboxDisclosed: Decodable, Sendable {
    /// Such as `client_secret` or `access_token`.
    public let kind: String
    /// The secret.
    public let value: String
}
#endif
