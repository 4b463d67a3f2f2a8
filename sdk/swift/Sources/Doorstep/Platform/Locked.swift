import Foundation

/// A value that any thread reads and changes, one at a time.
final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: Value

    init(_ value: Value) {
        stored = value
    }

    var value: Value {
        withLock { $0 }
    }

    func withLock<Result>(_ task: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try task(&stored)
    }
}
