import Foundation

extension Doorstep {
    /// The task of the service: a nonce for which the hash of `challenge:nonce` begins with so many zero bits.
    public struct Work: Sendable {
        public let challenge: String
        public let bits: Int

        public init(challenge: String, bits: Int) {
            self.challenge = challenge
            self.bits = bits
        }
    }

    /// Finds the nonce of a proof of work. Throws `CancellationError` when its task is cancelled.
    public typealias Solver = @Sendable (Work) async throws -> String
}

/// Hashes between two looks at the cancellation.
private let chunk = 2000

/// Solves on the threads of Swift concurrency, never on the main thread.
@Sendable
func solve(_ work: Doorstep.Work) async throws -> String {
    var search = Search(work)
    while true {
        try Task.checkCancellation()
        if let nonce = search.next(chunk) { return String(nonce) }
        await Task.yield()
    }
}
