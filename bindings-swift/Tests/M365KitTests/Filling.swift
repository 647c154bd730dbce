import Foundation
import M365Kit

/// Fills in what a scenario can only name.
struct Filling {
    /// The scenario's own folder: `$tmp`.
    let folder: String
    /// The sandbox's time. Once a step, so that `now-2h` is one time wherever it stands.
    var now = Date.distantPast
    /// What earlier steps saved: `$blob.contentId`.
    var saved: [String: JSON] = [:]

    /// `value` with everything filled in, at any depth.
    func value(_ value: JSON) throws -> JSON {
        switch value {
        case .string(let text): try self.text(text)
        case .array(let items): .array(try items.map(self.value))
        case .object(let members): .object(try members.mapValues(self.value))
        default: value
        }
    }

    private func text(_ text: String) throws -> JSON {
        if text == "$tmp" || text.hasPrefix("$tmp/") { return .string(folder + text.dropFirst(4)) }
        if text.hasPrefix("$") {
            let path = text.dropFirst().split(separator: ".").map(String.init)
            // Parameters such as `$top` are no variables.
            guard let name = path.first, var found = saved[name] else { return .string(text) }
            for member in path.dropFirst() {
                guard let next = found[member] else {
                    throw Complaint("\(text): no such member in \(found.short)")
                }
                found = next
            }
            return found
        }
        guard text.hasPrefix("now") else { return .string(text) }
        let offset = text.dropFirst(3)
        if offset.isEmpty { return .string(written(now)) }
        guard "+-".contains(offset.prefix(1)), let duration = Duration(short: String(offset.dropFirst()))
        else { return .string(text) }
        let seconds = Double(duration.components.seconds)
        return .string(written(now.addingTimeInterval(offset.hasPrefix("-") ? -seconds : seconds)))
    }

    private func written(_ time: Date) -> String {
        time.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted)
        )
    }
}
