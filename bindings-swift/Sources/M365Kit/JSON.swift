import Foundation

/// Any JSON value: what a record keeps beside its fields, and what has no type of its own.
///
/// Write it as a literal (`["displayName": "Sadie", "tags": [1, 2]]`), read it by member, index and type:
/// `value["tags"]?[0]?.int`.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A whole number that 64 bits hold.
    case integer(Int64)
    /// Any other number, as near as a double comes to it.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// Reads a JSON text. Throws an ``M365Error`` of kind `decodeError` when it is not one.
    ///
    /// An escaped half of a surrogate pair, which is no character of Swift's, becomes U+FFFD.
    public init(parsing text: Data) throws {
        do {
            self = try decode(text)
        } catch {
            guard let mended = text.withoutHalfSurrogates() else { throw error }
            self = try decode(mended)
        }
    }

    /// Reads a JSON text. Throws an ``M365Error`` of kind `decodeError` when it is not one.
    public init(parsing text: String) throws { try self.init(parsing: Data(text.utf8)) }

    /// The member of an object; nil when there is none, or no object.
    public subscript(name: String) -> JSON? { object?[name] }

    /// The element of an array; nil when there is none, or no array.
    public subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    public var isNull: Bool { self == .null }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number; nil for a number with a fraction.
    public var int: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: [String: JSON]? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension JSON: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSON: CustomStringConvertible {
    /// The JSON text, with members in the order of their names.
    public var description: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Not a finite number: the one thing that JSON has no text for.
        guard let text = try? encoder.encode(self) else { return "null" }
        return String(decoding: text, as: UTF8.self)
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

/// What came back from a call that has no type of its own.
public enum Body: Hashable, Sendable {
    /// The answer was JSON, or empty (then it is `null`).
    case json(JSON)
    /// The answer was anything else.
    case bytes(Data)

    /// The JSON; nil when the answer was something else.
    public var json: JSON? {
        if case .json(let value) = self { value } else { nil }
    }

    /// The bytes; nil when the answer was JSON.
    public var bytes: Data? {
        if case .bytes(let value) = self { value } else { nil }
    }
}

extension Data {
    /// The same JSON text with U+FFFD for each escaped half of a surrogate pair; nil when it has none.
    fileprivate func withoutHalfSurrogates() -> Data? {
        var bytes = [UInt8](self)
        var isMended = false
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            switch (bytes.escapedUnit(at: index), bytes.escapedUnit(at: index + 6)) {
            case (nil, _): index += 2
            case (let unit?, let next?) where UTF16.isLeadSurrogate(unit) && UTF16.isTrailSurrogate(next):
                index += 12
            case (let unit?, _):
                if UTF16.isSurrogate(unit) {
                    bytes.replaceSubrange(index..<index + 6, with: "\\ufffd".utf8)
                    isMended = true
                }
                index += 6
            }
        }
        return isMended ? Data(bytes) : nil
    }
}

extension [UInt8] {
    /// The unit of UTF-16 that an escape such as `\ud83d` stands for; nil where there is none.
    fileprivate func escapedUnit(at index: Int) -> UInt16? {
        guard index + 6 <= count, self[index] == UInt8(ascii: "\\"), self[index + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt16(String(decoding: self[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
