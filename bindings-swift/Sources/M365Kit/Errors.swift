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
