import M365Kit

/// What stands in the place of a value. Other names with `$` are names: query options have such.
private let ways: Set = ["$any", "$gte", "$contains"]

/// Throws unless `actual` holds what `pattern` names: objects by the members listed, lists element by element.
func match(_ pattern: JSON, _ actual: JSON, at place: String = "it") throws {
    switch (pattern, actual) {
    case (.object(let wanted), _) where wanted.keys.contains(where: ways.contains):
        for (key, value) in wanted where !special(key, value, actual) {
            throw Complaint("\(place): expected \(pattern), got \(actual.short)")
        }
    case (.object(let wanted), .object(let members)):
        for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
            try match(value, members[name] ?? .null, at: "\(place).\(name)")
        }
    case (.array(let wanted), .array(let items)):
        guard wanted.count == items.count else {
            throw Complaint(
                "\(place): expected \(wanted.count) elements, got \(items.count): \(actual.short)"
            )
        }
        for (index, (value, item)) in zip(wanted, items).enumerated() {
            try match(value, item, at: "\(place)[\(index)]")
        }
    case (.integer, .number), (.number, .integer):
        guard pattern.double == actual.double else {
            throw Complaint("\(place): expected \(pattern), got \(actual)")
        }
    default:
        guard pattern == actual else { throw Complaint("\(place): expected \(pattern), got \(actual.short)") }
    }
}

/// The same for an error, of whose message and hint a part is enough.
func match(error pattern: JSON, _ actual: JSON) throws {
    var wanted = pattern.object ?? [:]
    for name in ["message", "hint"] {
        if let text = wanted[name], text.string != nil { wanted[name] = ["$contains": text] }
    }
    do {
        try match(.object(wanted), actual, at: "error")
    } catch {
        throw Complaint("\(error) in \(actual.short)")
    }
}

private func special(_ key: String, _ wanted: JSON, _ actual: JSON) -> Bool {
    switch key {
    case "$any": !actual.isNull
    case "$gte": actual.double.map { $0 >= (wanted.double ?? .infinity) } ?? false
    case "$contains": actual.string.map { $0.contains(wanted.string ?? "") } ?? false
    default: false
    }
}
