import Foundation

/// Which things a listing gives: comparisons of a ``field(_:)``, joined with `&&`, `||` and `!`; or an OData expression as a
/// text.
///
/// ```swift
/// field("isResolved") == false && field("service") == "Exchange Online"
/// ```
public struct Filter: Hashable, Sendable, Encodable {
    let tree: JSON

    /// An OData expression as the service takes it, to be joined with others.
    public static func raw(_ expression: String) -> Filter { Filter(tree: .string(expression)) }

    /// Both hold.
    public static func && (one: Filter, other: Filter) -> Filter { one.joined("and", other) }

    /// At least one holds.
    public static func || (one: Filter, other: Filter) -> Filter { one.joined("or", other) }

    /// It does not hold.
    public static prefix func ! (filter: Filter) -> Filter { Filter(tree: ["not": filter.tree]) }

    public func encode(to encoder: any Encoder) throws { try tree.encode(to: encoder) }

    private func joined(_ word: String, _ other: Filter) -> Filter {
        Filter(tree: .object([word: .array((tree[word]?.array ?? [tree]) + [other.tree])]))
    }
}

extension Filter: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .raw(value) }
}

extension Filter: CustomStringConvertible {
    public var description: String { tree.asFilter }
}

/// Begins a filter: a property as the service spells it, such as `isResolved`, or a path.
public func field(_ name: String) -> FilterField { FilterField(name: name) }

/// The element of a collection itself, within ``FilterField/any(_:)`` and ``FilterField/all(_:)``.
public func element() -> FilterField { FilterField(name: "") }

/// A property that a filter speaks of. Its comparisons give a ``Filter``, not a truth value.
public struct FilterField: Sendable {
    let name: String

    /// It equals the value.
    public static func == (field: FilterField, value: some FilterValue) -> Filter { field.is("eq", value) }

    /// It differs from the value.
    public static func != (field: FilterField, value: some FilterValue) -> Filter { field.is("ne", value) }

    /// It is greater, or later.
    public static func > (field: FilterField, value: some FilterValue) -> Filter { field.is("gt", value) }

    /// It is greater or equal.
    public static func >= (field: FilterField, value: some FilterValue) -> Filter { field.is("ge", value) }

    /// It is less, or earlier.
    public static func < (field: FilterField, value: some FilterValue) -> Filter { field.is("lt", value) }

    /// It is less or equal.
    public static func <= (field: FilterField, value: some FilterValue) -> Filter { field.is("le", value) }

    /// It has no value.
    public static func == (field: FilterField, value: FilterNull) -> Filter { field.is("eq", value) }

    /// It has a value.
    public static func != (field: FilterField, value: FilterNull) -> Filter { field.is("ne", value) }

    /// It is a text that begins with this one.
    public func starts(with text: String) -> Filter { self.is("startswith", text) }

    /// It is a text that ends with this one.
    public func ends(with text: String) -> Filter { self.is("endswith", text) }

    /// It is a text that holds this one.
    public func contains(_ text: String) -> Filter { self.is("contains", text) }

    /// At least one element of this collection is so.
    public func any(_ filter: Filter) -> Filter { each("any", filter) }

    /// All elements of this collection are so.
    public func all(_ filter: Filter) -> Filter { each("all", filter) }

    private func each(_ word: String, _ filter: Filter) -> Filter {
        Filter(tree: [word: .string(name), "where": filter.tree])
    }

    private func `is`(_ op: String, _ value: some FilterValue) -> Filter {
        Filter(tree: ["field": .string(name), "op": .string(op), "value": value.filterLiteral.json])
    }
}

/// What a property can be compared with.
public protocol FilterValue {
    /// How a filter holds it.
    var filterLiteral: FilterLiteral { get }
}

/// A value in a filter. Most types become one by themselves; the others are made here.
public struct FilterLiteral: FilterValue, Hashable, Sendable {
    let json: JSON

    public var filterLiteral: FilterLiteral { self }
}

extension FilterValue where Self == FilterLiteral {
    /// The member of an enumeration by its name, such as `serviceDegradation`.
    public static func enumeration(_ member: String) -> FilterLiteral {
        FilterLiteral(json: ["enum": .string(member)])
    }

    /// A GUID as text; a `UUID` does as it is. Microsoft Graph keeps most ids as texts: compare those with a text.
    public static func guid(_ text: String) -> FilterLiteral {
        FilterLiteral(json: ["guid": .string(text)])
    }

    /// A day such as `2026-11-20`, for properties that have no time.
    public static func date(_ day: String) -> FilterLiteral {
        FilterLiteral(json: ["date": .string(day)])
    }
}

/// Nothing: `field("endDateTime") == nil`.
public struct FilterNull: FilterValue, ExpressibleByNilLiteral, Sendable {
    public init(nilLiteral: ()) {}
    public var filterLiteral: FilterLiteral { .init(json: .null) }
}

extension String: FilterValue {
    public var filterLiteral: FilterLiteral { .init(json: .string(self)) }
}

extension Bool: FilterValue {
    public var filterLiteral: FilterLiteral { .init(json: .bool(self)) }
}

extension Int: FilterValue {
    public var filterLiteral: FilterLiteral { .init(json: .integer(Int64(self))) }
}

extension Double: FilterValue {
    public var filterLiteral: FilterLiteral { .init(json: .number(self)) }
}

extension Date: FilterValue {
    public var filterLiteral: FilterLiteral { .init(json: ["time": .string(rfc3339)]) }
}

extension UUID: FilterValue {
    public var filterLiteral: FilterLiteral { .guid(uuidString.lowercased()) }
}

extension Duration: FilterValue {
    public var filterLiteral: FilterLiteral { .init(json: ["duration": .number(inSeconds)]) }
}

extension OpenText {
    public var filterLiteral: FilterLiteral { .enumeration(rawValue) }
}

extension OpenNumber {
    public var filterLiteral: FilterLiteral { rawValue.filterLiteral }
}

extension JSON {
    /// The tree of a filter as it was written.
    fileprivate var asFilter: String {
        if let text = string { return "(\(text))" }
        for (word, sign) in [("and", " && "), ("or", " || ")] {
            if let parts = self[word]?.array {
                return parts.map { "(\($0.asFilter))" }.joined(separator: sign)
            }
        }
        if let inner = self["not"] { return "!(\(inner.asFilter))" }
        for word in ["any", "all"] {
            if let name = self[word]?.string, let inner = self["where"] {
                return "\(name).\(word)(\(inner.asFilter))"
            }
        }
        let signs = ["eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="]
        guard let name = self["field"]?.string, let op = self["op"]?.string, let value = self["value"] else {
            return description
        }
        let property = name.isEmpty ? "element()" : name
        let said = (value.object?.first?.value ?? value).description
        return signs[op].map { "\(property) \($0) \(said)" } ?? "\(property).\(op)(\(said))"
    }
}
