import Foundation
internal import M365KitNative

/// The name of a member of a JSON object, whatever it is.
struct Member: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension CodingUserInfoKey {
    /// The bytes beside a page, which its records refer to by place and length.
    static let payload = CodingUserInfoKey(rawValue: "M365Kit.payload")!
}

/// Reads a record. Times and durations are in the model's form whatever strategies the decoder was given, so that a record
/// reads the same from any JSON.
struct MemberReader {
    private let container: KeyedDecodingContainer<Member>
    private let payload: NativeMemory?

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Member.self)
        payload = decoder.userInfo[.payload] as? NativeMemory
    }

    func required<Value: Decodable>(_ name: String) throws -> Value {
        try container.decode(Value.self, forKey: Member(name))
    }

    func optional<Value: Decodable>(_ name: String) throws -> Value? {
        try container.decodeIfPresent(Value.self, forKey: Member(name))
    }

    func required(_ name: String) throws -> Date {
        try time(container.decode(String.self, forKey: Member(name)), name)
    }

    func optional(_ name: String) throws -> Date? {
        try container.decodeIfPresent(String.self, forKey: Member(name)).map { try time($0, name) }
    }

    func required(_ name: String) throws -> Duration {
        .seconds(try container.decode(Double.self, forKey: Member(name)))
    }

    func optional(_ name: String) throws -> Duration? {
        try container.decodeIfPresent(Double.self, forKey: Member(name)).map { .seconds($0) }
    }

    /// Text kept byte for byte: place and length in the bytes beside a page, or the text itself.
    func bytes(_ name: String) throws -> Data {
        try payload.map { try data(name, in: $0) }
            ?? Data(container.decode(String.self, forKey: Member(name)).utf8)
    }

    /// Bytes: place and length in those beside a page, or themselves in base 64.
    func data(_ name: String) throws -> Data {
        try payload.map { try data(name, in: $0) } ?? container.decode(Data.self, forKey: Member(name))
    }

    private func data(_ name: String, in payload: NativeMemory) throws -> Data {
        let key = Member(name)
        let place = try container.decode([Int].self, forKey: key)
        guard place.count == 2, let data = payload.data(from: place[0], length: place[1]) else {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: container,
                debugDescription: "the bytes it names are not in the page"
            )
        }
        return data
    }

    /// The members that no field took.
    func rest(besides known: Set<String>) throws -> [String: JSON] {
        var rest: [String: JSON] = [:]
        for key in container.allKeys where !known.contains(key.stringValue) {
            rest[key.stringValue] = try container.decode(JSON.self, forKey: key)
        }
        return rest
    }

    private func time(_ text: String, _ name: String) throws -> Date {
        guard let time = Date(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: Member(name),
                in: container,
                debugDescription: "'\(text)' is not a time"
            )
        }
        return time
    }
}

/// Writes a record, or the arguments of a call, in the form that the core reads. What is nil is left out.
struct MemberWriter {
    private var container: KeyedEncodingContainer<Member>

    init(_ encoder: any Encoder) { container = encoder.container(keyedBy: Member.self) }

    mutating func write(_ value: (some Encodable)?, _ name: String) throws {
        try container.encodeIfPresent(value, forKey: Member(name))
    }

    mutating func write(_ value: Date?, _ name: String) throws {
        try container.encodeIfPresent(value?.rfc3339, forKey: Member(name))
    }

    mutating func write(_ value: Duration?, _ name: String) throws {
        try container.encodeIfPresent(value?.inSeconds, forKey: Member(name))
    }

    mutating func write(any value: any Encodable, _ name: String) throws {
        switch value {
        case let time as Date: try write(time, name)
        case let duration as Duration: try write(duration, name)
        default: try container.encode(value, forKey: Member(name))
        }
    }

    mutating func write(rest: [String: JSON]) throws {
        for (name, value) in rest { try container.encode(value, forKey: Member(name)) }
    }
}
