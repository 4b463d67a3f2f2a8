import Doorstep
import Foundation

/// The moment at which the process ends: before or after a write, counted from 1.
struct CrashPoint: Sendable {
    let write: Int
    let isBefore: Bool

    init?(_ parameters: Members?) {
        guard let parameters, let write = parameters["write"] as? Int else { return nil }
        self.write = write
        isBefore = parameters["when"] as? String == "before"
    }
}

/// A store that can end its process, and whose processes may be unable to wait for each other.
final class DriverStore: Doorstep.Store, @unchecked Sendable {
    private let files: FileStore
    private let locks: Bool
    private let crash: CrashPoint?
    private let counting = NSLock()
    private var writes = 0

    init(_ files: FileStore, locks: Bool, crash: CrashPoint?) {
        self.files = files
        self.locks = locks
        self.crash = crash
    }

    func get(_ key: String) async throws -> String? {
        try await files.get(key)
    }

    func set(_ key: String, _ value: String?) async throws {
        let next = count(0) + 1
        endProcess(at: next, before: true)
        try await files.set(key, value)
        endProcess(at: count(1), before: false)
    }

    func lock<Value: Sendable>(
        _ name: String,
        _ task: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        locks ? try await files.lock(name, task) : try await task()
    }

    private func count(_ more: Int) -> Int {
        counting.lock()
        defer { counting.unlock() }
        writes += more
        return writes
    }

    private func endProcess(at write: Int, before: Bool) {
        if let crash, crash.write == write, crash.isBefore == before { _exit(137) }
    }
}
