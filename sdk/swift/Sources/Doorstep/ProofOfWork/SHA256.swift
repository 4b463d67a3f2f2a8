import Foundation

/// SHA-256 (FIPS 180-4), for platforms without CryptoKit. Values are copied: a copy continues from the same beginning.
struct SHA256 {
    private static let constants: [UInt32] = primes(64).map { fraction(of: cbrt(Double($0))) }
    private static let initial: [UInt32] = primes(8).map { fraction(of: Double($0).squareRoot()) }

    private var state = SHA256.initial
    /// The bytes of the block that is not full yet.
    private var rest: [UInt8] = []
    private var length = 0

    mutating func update(data: some Sequence<UInt8>) {
        let before = rest.count
        rest.append(contentsOf: data)
        length += rest.count - before
        let full = rest.count / 64 * 64
        for start in stride(from: 0, to: full, by: 64) { compress(start) }
        rest.removeFirst(full)
    }

    /// The hash. The value is of no use afterwards.
    mutating func finalize() -> [UInt8] {
        let bits = UInt64(length) * 8
        rest.append(0x80)
        while rest.count % 64 != 56 { rest.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) { rest.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
        for start in stride(from: 0, to: rest.count, by: 64) { compress(start) }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
    }

    private mutating func compress(_ start: Int) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
            rest.withUnsafeBufferPointer { SHA256.schedule(words, $0, start) }
            state.withUnsafeMutableBufferPointer { state in
                SHA256.constants.withUnsafeBufferPointer { SHA256.mix(state, words, $0) }
            }
        }
    }

    private static func schedule(
        _ words: UnsafeMutableBufferPointer<UInt32>,
        _ block: UnsafeBufferPointer<UInt8>,
        _ start: Int
    ) {
        for i in 0..<16 {
            let at = start + i * 4
            let high = UInt32(block[at]) << 24 | UInt32(block[at + 1]) << 16
            words[i] = high | UInt32(block[at + 2]) << 8 | UInt32(block[at + 3])
        }
        for i in 16..<64 {
            let (w2, w15) = (words[i - 2], words[i - 15])
            let s0 = (w15 >> 7 | w15 << 25) ^ (w15 >> 18 | w15 << 14) ^ (w15 >> 3)
            let s1 = (w2 >> 17 | w2 << 15) ^ (w2 >> 19 | w2 << 13) ^ (w2 >> 10)
            words[i] = words[i - 16] &+ s0 &+ words[i - 7] &+ s1
        }
    }

    private static func mix(
        _ state: UnsafeMutableBufferPointer<UInt32>,
        _ words: UnsafeMutableBufferPointer<UInt32>,
        _ constants: UnsafeBufferPointer<UInt32>
    ) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for i in 0..<64 {
            let s1 = (e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)
            let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[i] &+ words[i]
            let s0 = (a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)
            let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e) = (g, f, e, d &+ t1)
            (d, c, b, a) = (c, b, a, t1 &+ t2)
        }
        for (i, value) in [a, b, c, d, e, f, g, h].enumerated() { state[i] &+= value }
    }

    private static func primes(_ count: Int) -> [Int] {
        var found: [Int] = []
        var candidate = 2
        while found.count < count {
            if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }

    /// The first 32 bits after the point.
    private static func fraction(of root: Double) -> UInt32 {
        UInt32((root - root.rounded(.down)) * 4_294_967_296)
    }
}
