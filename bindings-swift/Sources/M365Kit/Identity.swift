/// Who asks for tokens, and how they prove it: what a credential, an application and a sign-in consist of.
struct Identity: Encodable, Sendable {
    let kind: String
    let members: Arguments
    let secrets: Set<String>
    /// Its own, and those of an application among its members.
    let functions: Functions

    init(
        kind: String,
        members: Arguments = [:],
        secrets: Set<String> = [],
        functions: Functions = Functions()
    ) {
        self.kind = kind
        self.members = members
        self.secrets = secrets
        self.functions = members.sorted.reduce(functions) { all, member in
            (member.value as? Identity).map { all.merging($0.functions) } ?? all
        }
    }

    func encode(to encoder: any Encoder) throws {
        var crossing = members
        crossing["kind"] = kind
        try crossing.encode(to: encoder)
    }
}

extension Identity: CustomStringConvertible {
    var description: String {
        let shown = members.sorted.map { name, value in
            secrets.contains(name) ? "\(name): …" : "\(name): \(value)"
        }
        return "(\(([kind] + shown).joined(separator: ", ")))"
    }
}

/// What holds secrets: shown to people and debuggers by what is none.
protocol Discreet: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What can be shown, in parentheses.
    var shown: String { get }
}

extension Discreet {
    public var description: String { "\(Self.self)\(shown)" }
    public var debugDescription: String { description }
    /// What `dump` and debuggers look at.
    public var customMirror: Mirror { Mirror(self, children: ["shown": shown]) }
}
