import Foundation

/// Reads and changes the record of the client.
@DoorstepActor
final class Vault {
    private let store: any DoorstepStore
    private let name: String

    nonisolated init(_ store: any DoorstepStore, name: String) {
        self.store = store
        self.name = name
    }

    func read() async throws -> Contents {
        parse(try await store.get(name))
    }

    /// Changes the record with one write. Whatever another process has written to other parts of it stays.
    @discardableResult
    func update(_ change: @escaping @Sendable @DoorstepActor (inout Contents) -> Void) async throws -> Contents {
        try await exclusive("record") { [self] in
            let before = try await store.get(name)
            var contents = parse(before)
            change(&contents)
            let after = String(decoding: try JSON.encoded(contents), as: UTF8.self)
            if after != before { try await store.set(name, after) }
            return contents
        }
    }

    /// Runs the task alone: among the clients of this process, and among the processes if the store has a lock.
    func exclusive<Value: Sendable>(
        _ task: String,
        _ run: @escaping @Sendable @DoorstepActor () async throws -> Value
    ) async throws -> Value {
        let lock = "\(name).\(task)"
        let store = store
        return try await StoreQueues.queue(of: store, lock).add { try await store.lock(lock) { try await run() } }.value
    }
}

/// The queues of each store: clients in one process that share a store wait for each other.
@DoorstepActor
private enum StoreQueues {
    private struct Entry {
        weak var store: (any DoorstepStore)?
        var queues: [String: TaskQueue] = [:]
    }

    private static var entries: [ObjectIdentifier: Entry] = [:]

    static func queue(of store: any DoorstepStore, _ lock: String) -> TaskQueue {
        entries = entries.filter { $0.value.store != nil }
        var entry = entries[ObjectIdentifier(store)] ?? Entry(store: store)
        let queue = entry.queues[lock] ?? TaskQueue()
        entry.queues[lock] = queue
        entries[ObjectIdentifier(store)] = entry
        return queue
    }
}

private func parse(_ text: String?) -> Contents {
    let contents = text.flatMap { try? JSON.decoded(Contents.self, from: Data($0.utf8)) }
    // Nothing stored yet, or not by this client.
    guard let contents, contents.version == Contents.version else { return Contents() }
    return contents
}
