import Foundation

/// Place of the one record of the client: tokens, device tokens and the flow that is open. It contains secrets.
public protocol DoorstepStore: AnyObject, Sendable {
    /// The value, or `nil` if there is none. Throws where the store cannot be read now.
    func get(_ key: String) async throws -> String?
    /// Writes the whole value or nothing. `nil` removes it.
    func set(_ key: String, _ value: String?) async throws
    /// Runs the task while no other process holds the lock of this name. Needed only where more than one of them use
    /// the same store and sessions are not bound to a key. The default is no lock.
    func lock<Value: Sendable>(
        _ name: String,
        _ task: @escaping @Sendable () async throws -> Value
    ) async throws -> Value
}

extension DoorstepStore {
    public func lock<Value: Sendable>(
        _ name: String,
        _ task: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await task()
    }
}

/// A store that ends with the process.
public final class MemoryStore: DoorstepStore {
    private let values = Locked<[String: String]>([:])

    public init() {}

    public func get(_ key: String) async -> String? {
        values.value[key]
    }

    public func set(_ key: String, _ value: String?) async {
        values.withLock { $0[key] = value }
    }
}
