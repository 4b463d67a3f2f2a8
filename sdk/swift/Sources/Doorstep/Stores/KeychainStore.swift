#if canImport(Security)
import Foundation

/// The Keychain: one item, which stays on this device and is not part of a backup.
///
/// An app that starts before the first unlock of the device gets a `KeychainError`, and no sign-out.
public final class KeychainStore: DoorstepStore {
    private let items: KeychainItems
    private let lockFolder: URL?

    /// - Parameters:
    ///   - accessGroup: A Keychain group that the app shares with its widgets and extensions.
    ///   - lockFolder: A folder that they share, too, for their lock: the container of the app group. Without it, two
    ///     processes can overwrite each other's change.
    public init(service: String = "doorstep", accessGroup: String? = nil, lockFolder: URL? = nil) {
        items = KeychainItems(service: service, accessGroup: accessGroup)
        self.lockFolder = lockFolder
    }

    public func get(_ key: String) async throws -> String? {
        try items.read(key).map { String(decoding: $0, as: UTF8.self) }
    }

    public func set(_ key: String, _ value: String?) async throws {
        if let value {
            try items.write(key, Data(value.utf8))
        } else {
            try items.delete(key)
        }
    }

    public func lock<Value: Sendable>(
        _ name: String,
        _ task: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let lockFolder else { return try await task() }
        let lock = FileLock(file: lockFolder.appendingPathComponent(percentEncoded("\(name).lock")))
        return try await withoutSuspension { try await lock.run(task) }
    }
}

/// Runs a task before the system suspends the app: iOS ends an app that is suspended while it holds a lock in a folder
/// of its group.
private func withoutSuspension<Value: Sendable>(_ task: @Sendable () async throws -> Value) async throws -> Value {
    #if os(macOS)
    return try await task()
    #else
    let done = DispatchSemaphore(value: 0)
    defer { done.signal() }
    // The activity lasts until its block returns. The system calls the block again when its time is over.
    ProcessInfo.processInfo.performExpiringActivity(withReason: "doorstep") { isOver in
        if !isOver { done.wait() }
    }
    return try await task()
    #endif
}
#endif
