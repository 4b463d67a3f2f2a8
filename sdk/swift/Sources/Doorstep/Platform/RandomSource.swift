import Foundation

extension Doorstep {
    /// Returns as many random bytes that nobody can predict.
    public typealias RandomSource = @Sendable (Int) throws -> Data
}

/// The generator of the operating system.
@Sendable
func systemRandom(_ count: Int) -> Data {
    var generator = SystemRandomNumberGenerator()
    return Data((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
}

/// A random name of 128 bits, for idempotency keys, keys of devices and proofs.
func randomName(_ random: Doorstep.RandomSource) throws -> String {
    base64URL(try random(16))
}
