import Foundation

/// What went wrong. Everything that this package throws is one of these, or Swift's own `CancellationError` when the
/// surrounding `Task` was cancelled.
///
/// ```swift
/// do {
///     try await client.audit.start(.exchange)
/// } catch let error as M365Error where error.kind == .permissionDenied {
///     print(error.hint ?? error.message)
/// }
/// ```
public struct M365Error: Error, Hashable, Sendable {
    /// What sort of failure it is. The set can grow, so a `switch` over it needs a `default`.
    public struct Kind: OpenText {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A fault in this package, worth reporting.
        public static let internalError: Kind = "InternalError"
    }

    public var kind: Kind
    /// What happened, in a sentence.
    public var message: String
    /// The HTTP status, when a server answered.
    public var status: Int?
    /// The service's own code, such as `AF20022`.
    public var code: String?
    /// The service's name for the request, which its support asks for.
    public var requestID: String?
    /// Whether the same call may work later.
    public var retryable: Bool
    /// How long the service asked to be left alone.
    public var retryAfter: Duration?
    /// What to do about it, where the cause is known.
    public var hint: String?
    /// What led to it, nearest first.
    public var causes: [String]
    /// The OAuth error by which the sign-in service refused a token, such as `invalid_grant`.
    public var oauthError: String?
    /// What narrows that down, such as `bad_token` or `consent_required`.
    public var suberror: String?
    /// Whether a person has to sign in, or consent, before there can be a token.
    public var interactionRequired: Bool
    /// The claims that a new token has to satisfy, as JSON text: for the sign-in that comes next.
    public var claims: String?
    /// The id of the refusal in the sign-in service's own logs.
    public var traceID: String?
    /// The id of the sign-in that it belongs to, for the sign-in service's support.
    public var correlationID: String?
    /// Inside a feed: the content type that it happened in.
    public var contentType: String?
    /// Inside a feed: the blob that it happened in.
    public var contentID: String?
    /// Inside a blob: the place of the record that could not be read, from 0.
    public var index: Int?
    /// Inside a feed: where the span begins that was not read.
    public var start: Date?
    /// Inside a feed: where the span ends that was not read.
    public var end: Date?
    /// All that went wrong in a feed, when this is its summary.
    public var errors: [M365Error]

    public init(
        kind: Kind,
        message: String,
        status: Int? = nil,
        code: String? = nil,
        requestID: String? = nil,
        retryable: Bool = false,
        retryAfter: Duration? = nil,
        hint: String? = nil,
        causes: [String] = [],
        oauthError: String? = nil,
        suberror: String? = nil,
        interactionRequired: Bool = false,
        claims: String? = nil,
        traceID: String? = nil,
        correlationID: String? = nil,
        contentType: String? = nil,
        contentID: String? = nil,
        index: Int? = nil,
        start: Date? = nil,
        end: Date? = nil,
        errors: [M365Error] = []
    ) {
        self.kind = kind
        self.message = message
        self.status = status
        self.code = code
        self.requestID = requestID
        self.retryable = retryable
        self.retryAfter = retryAfter
        self.hint = hint
        self.causes = causes
        self.oauthError = oauthError
        self.suberror = suberror
        self.interactionRequired = interactionRequired
        self.claims = claims
        self.traceID = traceID
        self.correlationID = correlationID
        self.contentType = contentType
        self.contentID = contentID
        self.index = index
        self.start = start
        self.end = end
        self.errors = errors
    }
}

extension M365Error: Codable {
    public init(from decoder: any Decoder) throws {
        let members = try MemberReader(decoder)
        kind = try members.required("kind")
        message = try members.required("message")
        status = try members.optional("status")
        code = try members.optional("code")
        requestID = try members.optional("requestId")
        retryable = try members.optional("retryable") ?? false
        retryAfter = try members.optional("retryAfter")
        hint = try members.optional("hint")
        causes = try members.optional("causes") ?? []
        oauthError = try members.optional("oauthError")
        suberror = try members.optional("suberror")
        interactionRequired = try members.optional("interactionRequired") ?? false
        claims = try members.optional("claims")
        traceID = try members.optional("traceId")
        correlationID = try members.optional("correlationId")
        contentType = try members.optional("contentType")
        contentID = try members.optional("contentId")
        index = try members.optional("index")
        start = try members.optional("start")
        end = try members.optional("end")
        errors = try members.optional("errors") ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var members = MemberWriter(encoder)
        try members.write(kind, "kind")
        try members.write(message, "message")
        try members.write(status, "status")
        try members.write(code, "code")
        try members.write(requestID, "requestId")
        try members.write(retryable, "retryable")
        try members.write(retryAfter, "retryAfter")
        try members.write(hint, "hint")
        try members.write(causes, "causes")
        try members.write(oauthError, "oauthError")
        try members.write(suberror, "suberror")
        if interactionRequired { try members.write(true, "interactionRequired") }
        try members.write(claims, "claims")
        try members.write(traceID, "traceId")
        try members.write(correlationID, "correlationId")
        try members.write(contentType, "contentType")
        try members.write(contentID, "contentId")
        try members.write(index, "index")
        try members.write(start, "start")
        try members.write(end, "end")
        if !errors.isEmpty { try members.write(errors, "errors") }
    }
}

extension M365Error: LocalizedError, CustomStringConvertible {
    public var description: String {
        let facts = [status.map { "HTTP \($0)" }, code, requestID.map { "request \($0)" }].compactMap(\.self)
        var text = "\(kind): \(message)"
        if !facts.isEmpty { text += " (\(facts.joined(separator: ", ")))" }
        for cause in causes { text += "\n  because \(cause)" }
        if let hint { text += "\n  \(hint)" }
        for error in errors { text += "\n- \(error)".replacingOccurrences(of: "\n  ", with: "\n    ") }
        return text
    }

    public var errorDescription: String? { message }
    public var recoverySuggestion: String? { hint }
}
