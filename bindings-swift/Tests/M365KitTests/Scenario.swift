import Foundation
import M365Kit

/// A file of `tests/conformance` or `tests/faults`.
struct ScenarioFile: Decodable {
    let about: String
    let scenarios: [Scenario]
}

/// One thing that must be true in every language.
struct Scenario: Decodable, Sendable {
    let name: String
    let sandbox: JSON?
    let client: JSON?
    let steps: [JSON]
    let ledger: [JSON]?
}

/// What is wrong, in a sentence.
struct Complaint: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct UnknownOperation: Error {
    let name: String
}

/// Refused by the types of the public face: a program that passes it does not compile.
struct NotSwift: Error {
    let argument: String
    let value: JSON
}

/// What a scenario passes to an operation or a client, by the names of the core.
struct Given {
    let arguments: JSON
    var payload: Data?
    var until = Until.end
    /// How a download is taken.
    var taking = Taking.chunks
    /// Where a listing is put that stays open.
    var shelf: Shelf?
    /// Where the client lives that is being made.
    var setting: Setting?

    func required<Value: Decodable>(_ name: String) throws -> Value {
        guard let value: Value = try optional(name) else { throw NotSwift(argument: name, value: .null) }
        return value
    }

    func required(_ name: String) throws -> Date {
        guard let time: Date = try optional(name) else { throw NotSwift(argument: name, value: .null) }
        return time
    }

    func required(_ name: String) throws -> Duration {
        guard let length: Duration = try optional(name) else { throw NotSwift(argument: name, value: .null) }
        return length
    }

    func optional<Value: Decodable>(_ name: String) throws -> Value? {
        guard let value = arguments[name], !value.isNull else { return nil }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(value.description.utf8))
        } catch {
            throw NotSwift(argument: name, value: value)
        }
    }

    func optional(_ name: String) throws -> Date? {
        guard let value = arguments[name], !value.isNull else { return nil }
        guard let text = value.string else { throw NotSwift(argument: name, value: value) }
        for strategy in [Date.ISO8601FormatStyle.iso8601.fractional, .iso8601] {
            if let time = try? Date(text, strategy: strategy) { return time }
        }
        throw NotSwift(argument: name, value: value)
    }

    func optional(_ name: String) throws -> Duration? {
        guard let value = arguments[name], !value.isNull else { return nil }
        if let seconds = value.double { return .seconds(seconds) }
        guard let text = value.string, let duration = Duration(short: text) else {
            throw NotSwift(argument: name, value: value)
        }
        return duration
    }

    func optional(_ name: String) throws -> Filter? {
        guard let value = arguments[name], !value.isNull else { return nil }
        return try filter(value)
    }

    func inner(_ name: String) -> Given { Given(arguments: arguments[name] ?? [:], setting: setting) }
}

/// A value of the package as JSON, by its own coding.
func json(_ value: some Encodable) throws -> JSON {
    try JSON(parsing: JSONEncoder().encode(value))
}

func json(_ body: Body) throws -> JSON {
    switch body {
    case .json(let value): value
    case .bytes(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    }
}

extension Duration {
    /// Reads `24h`, `7d`, `2h30m`, `10s`.
    init?(short text: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        var rest = text[...]
        var seconds = 0
        repeat {
            let digits = rest.prefix(while: \.isNumber)
            rest = rest.dropFirst(digits.count)
            guard let count = Int(digits), let unit = rest.popFirst().flatMap({ units[$0] }) else {
                return nil
            }
            seconds += count * unit
        } while !rest.isEmpty
        self = .seconds(seconds)
    }
}

extension Date.ISO8601FormatStyle {
    /// A fraction may stand there.
    fileprivate var fractional: Date.ISO8601FormatStyle {
        year().month().day().time(includingFractionalSeconds: true)
    }
}

extension JSON {
    /// The values of `other` laid over those of this object; null takes a value away.
    func overlaid(_ other: JSON) -> JSON {
        guard case .object(var members) = self, let others = other.object else { return other }
        for (name, value) in others {
            if value.isNull {
                members[name] = nil
            } else if let below = members[name], below.object != nil, value.isVariant(of: below) {
                members[name] = below.overlaid(value)
            } else {
                members[name] = value
            }
        }
        return .object(members)
    }

    private func isVariant(of other: JSON) -> Bool {
        object != nil && ["kind", "name"].allSatisfy { self[$0] == nil || self[$0] == other[$0] }
    }

    /// Its beginning; a value can be a whole feed.
    var short: String {
        let text = description
        return text.count <= 400 ? text : text.prefix(400) + "…"
    }
}
