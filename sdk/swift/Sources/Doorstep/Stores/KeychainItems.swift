#if canImport(Security)
import Foundation
import Security

/// An error of the Keychain.
public struct KeychainError: Error, LocalizedError {
    public let status: OSStatus

    /// The device was not unlocked since its start: the same call works later.
    public var isLocked: Bool {
        status == errSecInteractionNotAllowed
    }

    public var errorDescription: String? {
        let text = SecCopyErrorMessageString(status, nil) as String?
        return "Keychain error \(status): \(text ?? "unknown")"
    }
}

/// Items of the Keychain that stay on this device, and are readable after its first unlock.
struct KeychainItems: Sendable {
    let service: String
    let accessGroup: String?

    func read(_ account: String) throws -> Data? {
        var query = query(account)
        query[kSecReturnData as String] = true
        query[kSecMatchLimit as String] = kSecMatchLimitOne
        var result: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &result)
        if status == errSecItemNotFound { return nil }
        try check(status)
        return result as? Data
    }

    /// Replaces the item in one call, or adds it.
    func write(_ account: String, _ data: Data) throws {
        let query = query(account) as CFDictionary
        let change = [kSecValueData as String: data] as CFDictionary
        var status = SecItemUpdate(query, change)
        if status == errSecItemNotFound {
            status = SecItemAdd(added(account, data), nil)
            // Another process was faster.
            if status == errSecDuplicateItem { status = SecItemUpdate(query, change) }
        }
        try check(status)
    }

    func delete(_ account: String) throws {
        let status = SecItemDelete(query(account) as CFDictionary)
        if status != errSecItemNotFound { try check(status) }
    }

    private func added(_ account: String, _ data: Data) -> CFDictionary {
        var item = query(account)
        item[kSecValueData as String] = data
        item[kSecAttrAccessible as String] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        return item as CFDictionary
    }

    private func query(_ account: String) -> [String: Any] {
        var query: [String: Any] = [
            kSecClass as String: kSecClassGenericPassword,
            kSecAttrService as String: service,
            kSecAttrAccount as String: account,
            // On macOS: the Keychain of iOS, not the older one in files.
            kSecUseDataProtectionKeychain as String: true,
        ]
        if let accessGroup { query[kSecAttrAccessGroup as String] = accessGroup }
        return query
    }

    private func check(_ status: OSStatus) throws {
        if status != errSecSuccess { throw KeychainError(status: status) }
    }
}
#endif
