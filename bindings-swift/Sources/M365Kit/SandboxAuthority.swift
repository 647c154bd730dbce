#if !M365KIT_WITHOUT_SANDBOX
import Foundation

// What it does as an authority.
extension Sandbox {
    /// Who may sign in now, and where.
    public func identity() async throws -> SandboxDirectory {
        try read(await control("describe")["identity"])
    }

    /// Registers an application, or changes what is given of one, such as `["consented": false]`; without `clientId`, the
    /// one that every sandbox has. Gives the whole of it.
    @discardableResult
    public func setApp(_ app: JSON) async throws -> JSON {
        try await control("set_app", app)
    }

    /// Changes what is given of how the authority behaves, such as `["authorize": "refuse"]`; gives the whole of it.
    @discardableResult
    public func setBehaviour(_ behaviour: JSON) async throws -> JSON {
        try await control("set_behaviour", behaviour)
    }

    /// Sets what the authority thinks of the application; `.ok` makes it welcome again.
    public func credentialState(_ state: CredentialState) async throws {
        _ = try await control("credential_state", ["state": .string(state.rawValue)])
    }

    /// Gives out an access token without asking anybody.
    /// - Parameters:
    ///   - audience: Which API it is for; the management API when nil.
    ///   - roles: The roles that it carries; with a user, the scopes.
    ///   - lifetime: How long it lasts.
    ///   - user: Whom it speaks for; the application alone when nil.
    ///   - capable: Whether its client understands claims challenges.
    public func issueToken(
        audience: String? = nil,
        tenant: String? = nil,
        clientID: String? = nil,
        roles: [String]? = nil,
        lifetime: Duration? = nil,
        user: String? = nil,
        capable: Bool = false
    ) async throws -> SandboxToken {
        let wish = arguments([
            "audience": text(audience),
            "tenant": text(tenant),
            "clientId": text(clientID),
            "roles": roles.map { .array($0.map(JSON.string)) },
            "lifetime": seconds(lifetime),
            "user": text(user),
            "capable": .bool(capable),
        ])
        return try read(await control("issue_token", wish))
    }

    /// Ends the life of all tokens it has given out.
    public func expireTokens() async throws {
        _ = try await control("expire_tokens")
    }

    /// Revokes access tokens: the APIs challenge clients that understand it, and refuse others.
    /// - Parameters:
    ///   - user: Only those of this user.
    ///   - clientID: Only those of this application.
    ///   - number: Only the one that the ledger calls so.
    ///   - insist: Whether later tokens are challenged, too, until one is asked for with the claims of the challenge, or
    ///     until ``relent()``.
    /// - Returns: How many were revoked.
    @discardableResult
    public func revokeTokens(
        user: String? = nil,
        clientID: String? = nil,
        number: Int? = nil,
        insist: Bool = false
    ) async throws -> Int {
        let which = arguments([
            "user": text(user),
            "clientId": text(clientID),
            "number": number.map { .integer(Int64($0)) },
            "insist": .bool(insist),
        ])
        return try read(await control("revoke_tokens", which)["revoked"])
    }

    /// No longer challenges what was revoked with `insist`.
    public func relent() async throws {
        _ = try await control("relent")
    }

    /// Revokes refresh tokens, as a changed password does; gives how many.
    @discardableResult
    public func revokeRefreshTokens(user: String? = nil, clientID: String? = nil) async throws -> Int {
        let which = arguments(["user": text(user), "clientId": text(clientID)])
        return try read(await control("revoke_refresh_tokens", which)["revoked"])
    }

    /// The device codes it has given out.
    public func deviceCodes() async throws -> [SandboxDeviceCode] {
        try read(await control("device_codes")["codes"])
    }

    /// Says what the polls to come for device codes are told, as a person in a browser would; the last step repeats.
    /// - Parameters:
    ///   - userCode: Which; all that are open when nil.
    ///   - user: Who approves it.
    /// - Returns: How many device codes are concerned.
    @discardableResult
    public func deviceCode(
        _ steps: [DeviceStep],
        userCode: String? = nil,
        user: String? = nil
    ) async throws -> Int {
        let steps = steps.map { JSON.string($0.rawValue) }
        let order = arguments(["steps": .array(steps), "userCode": text(userCode), "user": text(user)])
        return try read(await control("device_code", order)["changed"])
    }

    /// Makes a certificate for a client to sign in with.
    /// - Parameters:
    ///   - subject: Its common name; `audit.contoso.example` when nil.
    ///   - kind: The kind of key.
    ///   - bits: The length of an RSA key: 2048, the default, 3072 or 4096.
    ///   - notBefore: From when it is good; since yesterday when nil.
    ///   - notAfter: Until when; for a year when nil.
    ///   - chain: Whether an authority signs it, whose certificate comes with it.
    ///   - register: Whether it is registered for the application that every sandbox has.
    public func makeCertificate(
        subject: String? = nil,
        kind: SandboxKey = .rsa,
        bits: Int? = nil,
        notBefore: Date? = nil,
        notAfter: Date? = nil,
        chain: Bool = false,
        register: Bool = false
    ) async throws -> SandboxCertificate {
        let wish = arguments([
            "subject": text(subject),
            "kind": .string(kind.rawValue),
            "bits": bits.map { .integer(Int64($0)) },
            "notBefore": text(notBefore?.rfc3339),
            "notAfter": text(notAfter?.rfc3339),
            "chain": .bool(chain),
            "register": .bool(register),
        ])
        return try read(await control("make_certificate", wish))
    }

    /// The signature of a key vault: by a key, in PEM, that `makeCertificate` made.
    public func sign(
        privateKey: String,
        message: Data,
        algorithm: SandboxSignature = .ps256
    ) async throws -> Data {
        let order = arguments([
            "privateKey": .string(privateKey),
            "message": .string(message.base64EncodedString()),
            "algorithm": .string(algorithm.rawValue),
        ])
        return try read(await control("sign", order)["signature"])
    }

    /// A token of the issuer that workloads bring theirs from; what is left out is as the application trusts it.
    /// - Parameter lifetime: Until it expires; below zero, it has expired. Ten minutes when nil.
    public func federatedToken(
        issuer: String? = nil,
        subject: String? = nil,
        audience: String? = nil,
        lifetime: Duration? = nil
    ) async throws -> String {
        let wish = arguments([
            "issuer": text(issuer),
            "subject": text(subject),
            "audience": text(audience),
            "lifetime": seconds(lifetime),
        ])
        return try read(await control("federated_token", wish)["token"])
    }

    /// All secrets and tokens it has given out or was shown, to look for where they must not be.
    public func secrets() async throws -> [SandboxDisclosed] {
        try read(await control("secrets")["secrets"])
    }

    /// The AADSTS numbers that a fault can raise by number alone.
    public func aadsts() async throws -> [Int] {
        try read(await control("aadsts")["numbers"])
    }

    private func read<Value: Decodable>(_ answer: JSON?) throws -> Value {
        try decode(Data((answer ?? .null).description.utf8))
    }

    private func arguments(_ members: [String: JSON?]) -> JSON { .object(members.compactMapValues { $0 }) }

    private func text(_ value: String?) -> JSON? { value.map(JSON.string) }

    private func seconds(_ value: Duration?) -> JSON? { value.map { .integer($0.components.seconds) } }
}
#endif
