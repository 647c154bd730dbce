import Foundation

/// The SHA-256 digest of bytes in hexadecimal digits. Foundation has none on Linux.
func sha256(_ bytes: Data) -> String {
    var message = [UInt8](bytes)
    message.append(0x80)
    while message.count % 64 != 56 { message.append(0) }
    message += withUnsafeBytes(of: UInt64(bytes.count * 8).bigEndian, Array.init)
    var state = fractions(of: 2, count: 8)
    let constants = fractions(of: 3, count: 64)
    for block in stride(from: 0, to: message.count, by: 64) {
        compress(message[block..<block + 64], into: &state, constants)
    }
    return state.map { word in
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
}

private func compress(_ block: ArraySlice<UInt8>, into state: inout [UInt32], _ constants: [UInt32]) {
    var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { at in
        block[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for at in 16..<64 {
        let (early, late) = (words[at - 15], words[at - 2])
        let first = turned(early, 7) ^ turned(early, 18) ^ (early >> 3)
        let second = turned(late, 17) ^ turned(late, 19) ^ (late >> 10)
        words.append(words[at - 16] &+ first &+ words[at - 7] &+ second)
    }
    var now = state
    for at in 0..<64 {
        let mixed = turned(now[4], 6) ^ turned(now[4], 11) ^ turned(now[4], 25)
        let choice = (now[4] & now[5]) ^ (~now[4] & now[6])
        let one = now[7] &+ mixed &+ choice &+ constants[at] &+ words[at]
        let spread = turned(now[0], 2) ^ turned(now[0], 13) ^ turned(now[0], 22)
        let majority = (now[0] & now[1]) ^ (now[0] & now[2]) ^ (now[1] & now[2])
        now = [one &+ spread &+ majority, now[0], now[1], now[2], now[3] &+ one, now[4], now[5], now[6]]
    }
    for at in 0..<8 { state[at] = state[at] &+ now[at] }
}

private func turned(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }

/// The first 32 bits behind the point of the square or cube roots of the first primes.
private func fractions(of degree: Int, count: Int) -> [UInt32] {
    let primes = (2...).lazy.filter { number in !(2..<number).contains { number % $0 == 0 } }
    return primes.prefix(count).map { prime in
        let root = degree == 2 ? Double(prime).squareRoot() : cbrt(Double(prime))
        return UInt32((root - root.rounded(.down)) * 4_294_967_296)
    }
}
