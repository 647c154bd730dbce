/// Which of Microsoft's clouds a tenant lives in: its hosts. A bearer token is sent to no others.
public struct Cloud: Hashable, Sendable {
    private let name: String
    private let hosts: [String: String]

    init(name: String, hosts: [String: String?] = [:]) {
        self.name = name
        self.hosts = hosts.compactMapValues(\.self)
    }

    /// What the native client is made with.
    var crossing: [String: String] { hosts.merging(["name": name]) { $1 } }
}

extension Cloud: CustomStringConvertible {
    public var description: String {
        guard !hosts.isEmpty else { return name }
        let named = hosts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "\(name)(\(named.joined(separator: ", ")))"
    }
}
