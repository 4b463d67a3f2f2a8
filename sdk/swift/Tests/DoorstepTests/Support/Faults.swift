import Doorstep
import Foundation

struct Fault: Error {
    let text: String
}

/// A transport that changes what the real one does.
func transport(
    _ change: @escaping @Sendable (Doorstep.TransportRequest, Doorstep.Transport) async throws
        -> Doorstep.TransportResponse
) -> Doorstep.Transport {
    let real = URLSessionTransport()
    return { request in try await change(request) { try await real.send($0) } }
}

enum NetworkFault: CaseIterable, Sendable {
    case lostAnswer
    case lostRequest
    case doubled
}

/// A network with a fault for some requests, counted from 1.
func faulty(_ choose: @escaping @Sendable (Int) -> NetworkFault?) -> Doorstep.Transport {
    let requests = Collected<Int>()
    return transport { request, send in
        requests.add(0)
        let fault = choose(requests.all.count)
        if fault == .lostRequest { throw Fault(text: "lost request") }
        let response = try await send(request)
        if fault == .lostAnswer { throw Fault(text: "lost answer") }
        return fault == .doubled ? try await send(request) : response
    }
}

/// A number of faults that are left.
final class Remaining: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func set(_ count: Int) {
        lock.lock()
        defer { lock.unlock() }
        self.count = count
    }

    /// Uses up one, if there is one.
    func take() -> Bool {
        lock.lock()
        defer { lock.unlock() }
        count -= 1
        return count >= 0
    }
}

/// An answer of the service that the test makes up.
func answer(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> Doorstep.TransportResponse {
    Doorstep.TransportResponse(status: status, headers: headers, body: Data(body.utf8))
}

/// Counts what a client does, and ends its process at one moment. Nothing works in a process that has ended.
final class AppProcess: @unchecked Sendable {
    private let lock = NSLock()
    private let moment: String?
    private var dead = false
    private var counts: [String: Int] = [:]

    /// `moment`: for example `write 3 before`.
    init(endingAt moment: String? = nil) {
        self.moment = moment
    }

    var isKilled: Bool {
        lock.lock()
        defer { lock.unlock() }
        return dead
    }

    /// Every moment of what this process has done.
    var moments: [String] {
        counts.flatMap { name, count in (1...count).flatMap { ["\(name) \($0) before", "\(name) \($0) after"] } }
    }

    func run<Value>(_ name: String, _ task: () async throws -> Value) async throws -> Value {
        let number = try next(name)
        try reach("\(name) \(number) before")
        let value = try await task()
        try reach("\(name) \(number) after")
        return value
    }

    func transport() -> Doorstep.Transport {
        let real = URLSessionTransport()
        return { [self] request in try await run("request") { try await real.send(request) } }
    }

    private func next(_ name: String) throws -> Int {
        lock.lock()
        defer { lock.unlock() }
        if dead { throw Fault(text: "the process has ended") }
        counts[name, default: 0] += 1
        return counts[name, default: 0]
    }

    private func reach(_ reached: String) throws {
        lock.lock()
        defer { lock.unlock() }
        if reached == moment { dead = true }
        if dead { throw Fault(text: "the process has ended") }
    }
}

/// A store of a process on a store of the device.
final class ProcessStore: Doorstep.Store {
    private let inner: any Doorstep.Store
    private let process: AppProcess

    init(_ inner: any Doorstep.Store, _ process: AppProcess) {
        self.inner = inner
        self.process = process
    }

    func get(_ key: String) async throws -> String? {
        if process.isKilled { throw Fault(text: "the process has ended") }
        return try await inner.get(key)
    }

    func set(_ key: String, _ value: String?) async throws {
        try await process.run("write") { try await inner.set(key, value) }
    }
}

/// A store that cannot write some times, and cannot read while the device is locked.
final class FailingStore: Doorstep.Store {
    let inner = MemoryStore()
    let failingWrites = Remaining()
    let failingReads = Remaining()

    func get(_ key: String) async throws -> String? {
        if failingReads.take() { throw Fault(text: "cannot read") }
        return await inner.get(key)
    }

    func set(_ key: String, _ value: String?) async throws {
        if failingWrites.take() { throw Fault(text: "cannot write") }
        await inner.set(key, value)
    }
}
