/// A set of names that can grow: the values known to this version are static members, and one that is not known keeps its
/// text, compares and is written back.
public protocol OpenText: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible, FilterValue
where RawValue == String {
    init(rawValue: String)
}

extension OpenText {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
    public var description: String { rawValue }
}

/// A set of numbers with names that can grow, as ``OpenText`` does for texts.
public protocol OpenNumber: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByIntegerLiteral,
    CustomStringConvertible, FilterValue
where RawValue == Int {
    /// The names of the values that this version knows.
    static var names: [Int: String] { get }

    init(rawValue: Int)
}

extension OpenNumber {
    public init(integerLiteral value: Int) { self.init(rawValue: value) }
    /// The service's name for the value; nil when this version does not know it.
    public var name: String? { Self.names[rawValue] }
    public var description: String { name ?? String(rawValue) }
}
