import Foundation

/// SHA-256 (FIPS 180-4), for platforms without CryptoKit. Values are copied: a copy continues from the same beginning.
///
/// The loops use pointers and shifts without checks, because builds for debugging do not optimise: ten times slower
/// otherwise.
struct SHA256 {
    private static let constants: [UInt32] = primes(64).map { fraction(of: cbrt(Double($0))) }
    private static let initial: [UInt32] = primes(8).map { fraction(of: Double($0).squareRoot()) }

    private var state = SHA256.initial
    /// The bytes of the block that is not full yet.
    private var rest: [UInt8] = []
    private var length = 0

    mutating func update(data: Data) {
        rest.append(contentsOf: data)
        length += data.count
        compressBlocks(rest.count / 64)
        rest.removeFirst(rest.count / 64 * 64)
    }

    /// The hash. The value is of no use afterwards.
    mutating func finalize() -> [UInt8] {
        let zeros = (119 - length % 64) % 64
        rest += [0x80] + [UInt8](repeating: 0, count: zeros)
        withUnsafeBytes(of: (UInt64(length) * 8).bigEndian) { rest.append(contentsOf: $0) }
        compressBlocks(rest.count / 64)
        var hash: [UInt8] = []
        for word in state { withUnsafeBytes(of: word.bigEndian) { hash.append(contentsOf: $0) } }
        return hash
    }

    private mutating func compressBlocks(_ count: Int) {
        guard count > 0 else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { buffer in
            guard let words = buffer.baseAddress else { return }
            rest.withUnsafeBytes { bytes in
                state.withUnsafeMutableBufferPointer { state in
                    SHA256.constants.withUnsafeBufferPointer { constants in
                        guard let bytes = bytes.baseAddress, let state = state.baseAddress,
                              let constants = constants.baseAddress else { return }
                        for block in 0..<count {
                            SHA256.schedule(words, bytes + block * 64)
                            SHA256.mix(state, words, constants)
                        }
                    }
                }
            }
        }
    }

    private static func schedule(_ words: UnsafeMutablePointer<UInt32>, _ block: UnsafeRawPointer) {
        var i = 0
        while i < 16 {
            words[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self))
            i &+= 1
        }
        while i < 64 {
            let w2 = words[i &- 2]
            let w15 = words[i &- 15]
            let s0 = (w15 &>> 7 | w15 &<< 25) ^ (w15 &>> 18 | w15 &<< 14) ^ (w15 &>> 3)
            let s1 = (w2 &>> 17 | w2 &<< 15) ^ (w2 &>> 19 | w2 &<< 13) ^ (w2 &>> 10)
            words[i] = words[i &- 16] &+ s0 &+ words[i &- 7] &+ s1
            i &+= 1
        }
    }

    private static func mix(
        _ state: UnsafeMutablePointer<UInt32>,
        _ words: UnsafePointer<UInt32>,
        _ constants: UnsafePointer<UInt32>
    ) {
        var a = state[0], b = state[1], c = state[2], d = state[3]
        var e = state[4], f = state[5], g = state[6], h = state[7]
        var i = 0
        while i < 64 {
            let s1 = (e &>> 6 | e &<< 26) ^ (e &>> 11 | e &<< 21) ^ (e &>> 25 | e &<< 7)
            let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[i] &+ words[i]
            let s0 = (a &>> 2 | a &<< 30) ^ (a &>> 13 | a &<< 19) ^ (a &>> 22 | a &<< 10)
            let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
            h = g
            g = f
            f = e
            e = d &+ t1
            d = c
            c = b
            b = a
            a = t1 &+ t2
            i &+= 1
        }
        state[0] = state[0] &+ a
        state[1] = state[1] &+ b
        state[2] = state[2] &+ c
        state[3] = state[3] &+ d
        state[4] = state[4] &+ e
        state[5] = state[5] &+ f
        state[6] = state[6] &+ g
        state[7] = state[7] &+ h
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
