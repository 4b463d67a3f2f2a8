#if canImport(CryptoKit) && canImport(Security)
import CryptoKit
import Foundation
import Security

/// Keys in the Secure Enclave, which never leave it. The Keychain has their handles, on this device only.
///
/// Where there is no Secure Enclave (simulators, old Macs), the keys themselves are in the Keychain.
public final class SecureEnclaveKeys: DoorstepKeyStore {
    private static let enclave = Data([1])
    private static let software = Data([2])

    private let items: KeychainItems

    /// `accessGroup`: a Keychain group that the app shares with its widgets and extensions.
    public init(service: String = "doorstep.keys", accessGroup: String? = nil) {
        items = KeychainItems(service: service, accessGroup: accessGroup)
    }

    public func create(_ name: String) async throws -> any DoorstepDeviceKey {
        guard SecureEnclave.isAvailable else {
            let key = P256.Signing.PrivateKey()
            try items.write(name, SecureEnclaveKeys.software + key.rawRepresentation)
            return SoftwareKey(key: key)
        }
        let key = try SecureEnclave.P256.Signing.PrivateKey(accessControl: accessControl())
        try items.write(name, SecureEnclaveKeys.enclave + key.dataRepresentation)
        return EnclaveKey(key: key)
    }

    public func get(_ name: String) async throws -> (any DoorstepDeviceKey)? {
        guard let stored = try items.read(name), let kind = stored.first else { return nil }
        let data = Data(stored.dropFirst())
        // The Keychain was readable. A handle that the enclave refuses is of a device that was erased since.
        if kind == SecureEnclaveKeys.enclave.first {
            return (try? SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: data)).map(EnclaveKey.init)
        }
        return (try? P256.Signing.PrivateKey(rawRepresentation: data)).map(SoftwareKey.init)
    }

    public func delete(_ name: String) async throws {
        try items.delete(name)
    }

    /// Use without a question to the user, also in the background while the device is locked.
    private func accessControl() throws -> SecAccessControl {
        var error: Unmanaged<CFError>?
        let made = SecAccessControlCreateWithFlags(
            nil,
            kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
            .privateKeyUsage,
            &error
        )
        if let made { return made }
        throw error?.takeRetainedValue() ?? KeychainError(status: errSecParam)
    }
}

private struct EnclaveKey: DoorstepDeviceKey, @unchecked Sendable {
    let key: SecureEnclave.P256.Signing.PrivateKey

    var publicKey: Doorstep.PublicKey {
        Doorstep.PublicKey(representation: key.publicKey.rawRepresentation)
    }

    func sign(_ data: Data) async throws -> Data {
        try key.signature(for: data).rawRepresentation
    }
}
#endif
