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

    /// The events from now on, after the first value where there is one.
    func stream(
        startingWith first: Value? = nil,
        keeping policy: AsyncStream<Value>.Continuation.BufferingPolicy
    ) -> AsyncStream<Value> {
        AsyncStream(bufferingPolicy: policy) { continuation in
            let subscription = add { continuation.yield($0) }
            continuation.onTermination = { _ in subscription.cancel() }
            if let first { continuation.yield(first) }
        }
    }
}
