import Foundation
#if canImport(CryptoKit)
import CryptoKit
#endif

/// A search for the nonce of a proof of work. What is the same for all nonces is hashed once.
struct Search {
    private let bits: Int
    #if canImport(CryptoKit)
    private var beginning = CryptoKit.SHA256()
    #else
    private var beginning = SHA256()
    #endif
    private var nonce = 0

    init(_ work: Doorstep.Work) {
        bits = work.bits
        beginning.update(data: Data("\(work.challenge):".utf8))
    }

    /// Tries the next nonces. Returns the one that solves the work.
    mutating func next(_ count: Int) -> Int? {
        for candidate in nonce..<(nonce + count) {
            var hash = beginning
            hash.update(data: Data(String(candidate).utf8))
            if zeroBits(hash.finalize()) >= bits { return candidate }
        }
        nonce += count
        return nil
    }
}

/// The zero bits at the start of a hash.
private func zeroBits(_ hash: some Sequence<UInt8>) -> Int {
    var bits = 0
    for byte in hash {
        bits += byte.leadingZeroBitCount
        if byte != 0 { break }
    }
    return bits
}
