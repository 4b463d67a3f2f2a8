import Foundation

extension Doorstep {
    /// The public part of a key on the curve P-256: two coordinates of 32 bytes.
    public struct PublicKey: Hashable, Sendable {
        public let x: Data
        public let y: Data

        public init(x: Data, y: Data) {
            self.x = x
            self.y = y
        }

        /// The key of an X9.63 or raw representation, which ends with both coordinates.
        init(representation: Data) {
            x = Data(representation.suffix(64).prefix(32))
            y = Data(representation.suffix(32))
        }
    }
}

/// A key pair on the curve P-256 whose private part stays in the device.
public protocol DoorstepDeviceKey: Sendable {
    var publicKey: Doorstep.PublicKey { get }
    /// An ECDSA signature with SHA-256 in the form of JWTs: `r` and `s`, 32 bytes each.
    func sign(_ data: Data) async throws -> Data
}

/// Keys of this device by name. They are never exported, and not part of a backup.
public protocol DoorstepKeyStore: Sendable {
    func create(_ name: String) async throws -> any DoorstepDeviceKey
    /// The key, or `nil` if this device has none of this name. Throws where the store cannot be read now.
    func get(_ name: String) async throws -> (any DoorstepDeviceKey)?
    func delete(_ name: String) async throws
}
