#if !M365KIT_WITHOUT_SANDBOX
import Foundation

// What it knows of the health of services. Objects are spelled as Graph spells them.
extension Sandbox {
    /// All `services`, `issues` and `messages` there are now.
    public func serviceHealth() async throws -> JSON {
        try await control("service_health")
    }

    /// Changes what is given of how the two wires tell of service health, such as `["retired": true]`; gives the whole of
    /// it: `live`, `dialect`, `strictWindow`, `strictKey`, `mixedCaseEnums`, `malformedErrors`, `retired`, `redirect`,
    /// `limits` and `administrators`.
    @discardableResult
    public func setServiceHealth(_ settings: JSON) async throws -> JSON {
        try await control("set_service_health", settings)
    }

    /// Adds an issue, in the place of the one with its id if there is one. What is left out is that of an incident that
    /// begins now. Gives the whole of it.
    @discardableResult
    public func addIssue(_ issue: JSON = [:]) async throws -> JSON {
        try await control("add_issue", ["issue": issue])["issue"] ?? .null
    }

    /// Changes members of an issue, which no longer develops by itself. It is modified now unless they say otherwise. Gives
    /// the whole of it.
    @discardableResult
    public func updateIssue(_ id: String, _ issue: JSON) async throws -> JSON {
        try await control("update_issue", ["id": .string(id), "issue": issue])["issue"] ?? .null
    }

    /// Adds a post to an issue; gives the whole issue.
    /// - Parameters:
    ///   - content: What it says.
    ///   - contentType: What that is: `text`, the default, or `html`.
    ///   - postType: Its kind: `regular`, the default, `quick` or `strategic`.
    ///   - created: When it was written; now when nil.
    ///   - status: The status that the issue has with it; the one it has when nil.
    @discardableResult
    public func addPost(
        _ id: String,
        content: String,
        contentType: String? = nil,
        postType: String? = nil,
        created: Date? = nil,
        status: String? = nil
    ) async throws -> JSON {
        let post: [String: String?] = [
            "id": id,
            "content": content,
            "contentType": contentType,
            "postType": postType,
            "created": created?.rfc3339,
            "status": status,
        ]
        return try await control("add_post", texts(post))["issue"] ?? .null
    }

    /// Ends an issue; gives the whole of it.
    /// - Parameters:
    ///   - status: How it ends; `serviceRestored` when nil.
    ///   - at: When; now when nil.
    ///   - content: What a last post says; there is none when nil.
    @discardableResult
    public func resolveIssue(
        _ id: String,
        status: String? = nil,
        at: Date? = nil,
        content: String? = nil
    ) async throws -> JSON {
        let end: [String: String?] = ["id": id, "status": status, "at": at?.rfc3339, "content": content]
        return try await control("resolve_issue", texts(end))["issue"] ?? .null
    }

    /// Adds a message, in the place of the one with its id if there is one. What is left out is that of a post of now. Gives
    /// the whole of it.
    @discardableResult
    public func addMessage(_ message: JSON = [:]) async throws -> JSON {
        try await control("add_message", ["message": message])["message"] ?? .null
    }

    /// Changes members of a message. It is modified now unless they say otherwise. Gives the whole of it.
    @discardableResult
    public func updateMessage(_ id: String, _ message: JSON) async throws -> JSON {
        try await control("update_message", ["id": .string(id), "message": message])["message"] ?? .null
    }

    private func texts(_ members: [String: String?]) -> JSON {
        .object(members.compactMapValues { $0.map(JSON.string) })
    }
}
#endif
