import Foundation

/// What goes over with a call: values by name. A nil is not said at all; `Patch.null` is said as null.
struct Arguments: Encodable, ExpressibleByDictionaryLiteral, Sendable {
    typealias Value = any Encodable & Sendable

    private var values: [String: Value] = [:]

    init(dictionaryLiteral elements: (String, Value?)...) {
        for (name, value) in elements { self[name] = value }
    }

    subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
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
