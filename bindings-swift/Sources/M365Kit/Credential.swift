/// What a client proves its identity with. Its description does not show its secrets.
public struct Credential: Sendable {
    let kind: String
    let members: Arguments
    let secrets: Set<String>
    let provider: (any TokenProvider)?

    init(
        kind: String,
        members: Arguments = [:],
        secrets: Set<String> = [],
        provider: (any TokenProvider)? = nil
    ) {
        self.kind = kind
        self.members = members
        self.secrets = secrets
        self.provider = provider
    }

    /// What the native client is made with.
    var crossing: Arguments {
        var crossing = members
        crossing["kind"] = kind
        return crossing
    }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let shown = members.sorted.map { name, value in
            secrets.contains(name) ? "\(name): …" : "\(name): \(value)"
        }
        return "Credential(\(([kind] + shown).joined(separator: ", ")))"
    }

    public var debugDescription: String { description }

    /// What `dump` and debuggers look at.
    public var customMirror: Mirror { Mirror(self, children: ["kind": kind]) }
}
