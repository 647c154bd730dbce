import Foundation

extension Duration {
    /// A number of minutes.
    public static func minutes(_ count: some BinaryInteger) -> Duration { .seconds(count * 60) }
    /// A number of hours.
    public static func hours(_ count: some BinaryInteger) -> Duration { .seconds(count * 3_600) }
    /// A number of days of 24 hours.
    public static func days(_ count: some BinaryInteger) -> Duration { .seconds(count * 86_400) }

    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

// Foundation's format styles cost more than reading the rest of a record.
extension Date {
    /// Reads `2026-11-22T07:00:00.1234567Z`, with or without a fraction, in UTC or with an offset.
    init?(rfc3339 text: String) {
        var text = text
        guard let time = text.withUTF8({ Date(rfc3339: $0) }) else { return nil }
        self = time
    }

    /// The same from the text's bytes.
    init?(rfc3339 bytes: UnsafeBufferPointer<UInt8>) {
        var reader = TimeReader(bytes: bytes)
        guard let seconds = reader.secondsSince1970() else { return nil }
        self.init(timeIntervalSince1970: seconds)
    }

    /// The time in UTC, with microseconds where it has any.
    var rfc3339: String {
        // A `Date` counts from 2001 in a double; finer than microseconds is noise.
        let micros = Int64((timeIntervalSince1970 * 1_000_000).rounded())
        let (second, fraction) = micros.quotientAndRemainder(flooringBy: 1_000_000)
        let (day, clock) = second.quotientAndRemainder(flooringBy: 86_400)
        let (year, month, date) = civil(fromDays: Int(day))
        var text = digits(year, 4) + "-" + digits(month, 2) + "-" + digits(date, 2)
        text += "T" + digits(Int(clock) / 3_600, 2) + ":" + digits(Int(clock) / 60 % 60, 2)
        text += ":" + digits(Int(clock) % 60, 2)
        if fraction != 0 {
            text += "." + digits(Int(fraction), 6)
            while text.last == "0" { text.removeLast() }
        }
        return text + "Z"
    }
}

private struct TimeReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    mutating func secondsSince1970() -> Double? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
            take("T") || take("t") || take(" "),
            let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let fraction = fraction()
        guard let offset = offset(), position == bytes.count else { return nil }
        let whole =
            days(fromYear: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        return Double(whole - offset) + fraction
    }

    private mutating func number(_ width: Int) -> Int? {
        guard position + width <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + width] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        position += width
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func fraction() -> Double {
        guard take(".") else { return 0 }
        var value = 0.0
        var scale = 1.0
        while let digit = number(1) {
            value = value * 10 + Double(digit)
            scale *= 10
        }
        return value / scale
    }

    private mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2), take(":"), let minutes = number(2) else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}

extension Int64 {
    fileprivate func quotientAndRemainder(flooringBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

private func digits(_ value: Int, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}

// Howard Hinnant's calendar: years begin in March, so that the leap day is the last of them.
private func days(fromYear year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let calendarMonth = month < 10 ? month + 3 : month - 9
    return (yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0), calendarMonth, day)
}
