#if canImport(CryptoKit)
import CryptoKit
import Foundation

/// Keys that end with the process, for tests.
public final class MemoryKeys: DoorstepKeyStore {
    private let keys = Locked<[String: SoftwareKey]>([:])

    public init() {}

    public func create(_ name: String) async throws -> any DoorstepDeviceKey {
        let key = SoftwareKey(key: P256.Signing.PrivateKey())
        keys.withLock { $0[name] = key }
        return key
    }

    public func get(_ name: String) async throws -> (any DoorstepDeviceKey)? {
        keys.value[name]
    }

    public func delete(_ name: String) async throws {
        keys.withLock { $0[name] = nil }
    }
}

struct SoftwareKey: DoorstepDeviceKey, @unchecked Sendable {
    let key: P256.Signing.PrivateKey

    var publicKey: Doorstep.PublicKey {
        Doorstep.PublicKey(representation: key.publicKey.rawRepresentation)
    }

    func sign(_ data: Data) async throws -> Data {
        try key.signature(for: data).rawRepresentation
    }
}
#endif
