import Foundation

extension Doorstep {
    /// A listener that was added, until it is cancelled.
    public struct Subscription: Sendable {
        private let remove: @Sendable () -> Void

        init(_ remove: @escaping @Sendable () -> Void) {
            self.remove = remove
        }

        /// Removes the listener.
        public func cancel() {
            remove()
        }
    }
}

/// Listeners of one kind of event.
final class Listeners<Value: Sendable>: Sendable {
    private typealias Listener = @Sendable (Value) -> Void
    private let all = Locked<[UUID: Listener]>([:])

    func add(_ listener: @escaping @Sendable (Value) -> Void) -> Doorstep.Subscription {
        let id = UUID()
        all.withLock { $0[id] = listener }
        return Doorstep.Subscription { self.all.withLock { _ = $0.removeValue(forKey: id) } }
    }

    func emit(_ value: Value) {
        for listener in all.value.values { listener(value) }
    }

    /// The events from now on.
    func events() -> AsyncStream<Value> {
        AsyncStream { continuation in
            let subscription = add { continuation.yield($0) }
            continuation.onTermination = { _ in subscription.cancel() }
        }
    }

    /// The value now, and after each event. A reader that is slow gets only the newest.
    func values(_ read: @escaping @Sendable () -> Value) -> AsyncStream<Value> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // One at a time: an old value must not follow a new one.
            let turns = NSLock()
            let tell: @Sendable () -> Void = {
                turns.lock()
                defer { turns.unlock() }
                continuation.yield(read())
            }
            let subscription = add { _ in tell() }
            continuation.onTermination = { _ in subscription.cancel() }
            tell()
        }
    }
}
