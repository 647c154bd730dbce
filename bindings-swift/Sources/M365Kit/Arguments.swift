import Foundation

/// What goes over with a call: values by name. A nil is not said at all.
struct Arguments: Encodable, ExpressibleByDictionaryLiteral, Sendable {
    typealias Argument = any Encodable & Sendable

    private var values: [String: Argument] = [:]

    init(dictionaryLiteral elements: (String, Argument?)...) {
        for (name, value) in elements { self[name] = value }
    }

    subscript(name: String) -> Argument? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The values in the order of their names.
    var sorted: [(name: String, value: Argument)] {
        values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func encode(to encoder: any Encoder) throws {
        var members = MemberWriter(encoder)
        for (name, value) in values { try members.write(any: value, name) }
    }

    func json() throws -> Data {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            return try encoder.encode(self)
        } catch {
            throw M365Error(kind: .invalidRequest, message: String(describing: error))
        }
    }
}
