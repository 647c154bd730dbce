import Foundation
import M365Kit

/// The filter of a scenario, made as programs make it.
func filter(_ tree: JSON) throws -> Filter {
    if let text = tree.string { return .raw(text) }
    if let parts = try tree["and"]?.array?.map(filter), let first = parts.first {
        return parts.dropFirst().reduce(first) { $0 && $1 }
    }
    if let parts = try tree["or"]?.array?.map(filter), let first = parts.first {
        return parts.dropFirst().reduce(first) { $0 || $1 }
    }
    if let inner = tree["not"] { return try !filter(inner) }
    if let name = tree["any"]?.string, let inner = tree["where"] { return try field(name).any(filter(inner)) }
    if let name = tree["all"]?.string, let inner = tree["where"] { return try field(name).all(filter(inner)) }
    guard let name = tree["field"]?.string, let op = tree["op"]?.string, let value = tree["value"] else {
        throw NotSwift(argument: "filter", value: tree)
    }
    let subject = name.isEmpty ? element() : field(name)
    switch value {
    case .null: return op == "ne" ? subject != nil : subject == nil
    case .bool(let truth): return try compared(subject, op, truth)
    case .integer(let number): return try compared(subject, op, Int(number))
    case .number(let number): return try compared(subject, op, number)
    case .string(let text): return try compared(subject, op, text)
    case .array: throw NotSwift(argument: "filter", value: value)
    case .object(let tagged): return try compared(subject, op, tagged)
    }
}

private func compared(_ subject: FilterField, _ op: String, _ tagged: [String: JSON]) throws -> Filter {
    if let text = tagged["time"]?.string, let time = try? Date(text, strategy: .iso8601) {
        return try compared(subject, op, time)
    }
    if let day = tagged["date"]?.string { return try compared(subject, op, FilterLiteral.date(day)) }
    if let text = tagged["guid"]?.string { return try compared(subject, op, FilterLiteral.guid(text)) }
    if let member = tagged["enum"]?.string {
        return try compared(subject, op, FilterLiteral.enumeration(member))
    }
    if let seconds = tagged["duration"]?.double {
        return try compared(subject, op, Duration.seconds(seconds))
    }
    throw NotSwift(argument: "filter", value: .object(tagged))
}

private func compared(_ subject: FilterField, _ op: String, _ value: some FilterValue) throws -> Filter {
    switch op {
    case "eq": return subject == value
    case "ne": return subject != value
    case "gt": return subject > value
    case "ge": return subject >= value
    case "lt": return subject < value
    case "le": return subject <= value
    default: break
    }
    guard let text = value as? String else { throw NotSwift(argument: op, value: .null) }
    switch op {
    case "startswith": return subject.starts(with: text)
    case "endswith": return subject.ends(with: text)
    case "contains": return subject.contains(text)
    default: throw NotSwift(argument: op, value: .string(text))
    }
}
