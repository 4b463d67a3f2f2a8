import Doorstep
import Foundation
import OpenSSLKeys
import XCTest

let password = "correct horse battery"

/// A clock that does not wait, and that tests set.
final class QuickClock: DoorstepClock, @unchecked Sendable {
    private let system = SystemClock()
    private let lock = NSLock()
    private var ahead: TimeInterval = 0
    private var asleep: TimeInterval = 0

    func advance(_ seconds: TimeInterval) {
        lock.lock()
        defer { lock.unlock() }
        ahead += seconds
    }

    /// The monotonic clock of some platforms stops while the device sleeps.
    func sleepDevice(_ seconds: TimeInterval) {
        lock.lock()
        defer { lock.unlock() }
        asleep += seconds
    }

    func monotonic() -> TimeInterval {
        lock.lock()
        defer { lock.unlock() }
        return system.monotonic() + ahead
    }

    func now() -> Date {
        lock.lock()
        defer { lock.unlock() }
        return system.now().addingTimeInterval(asleep)
    }

    func sleep(_ seconds: TimeInterval) async throws {}
}

/// Values that listeners of any thread add.
final class Collected<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: [Value] = []

    func add(_ value: Value) {
        lock.lock()
        defer { lock.unlock() }
        stored.append(value)
    }

    func removeAll() {
        lock.lock()
        defer { lock.unlock() }
        stored = []
    }

    var all: [Value] {
        lock.lock()
        defer { lock.unlock() }
        return stored
    }
}

/// A test with the real service.
class ServiceTestCase: XCTestCase {
    var server: Server {
        get throws { try Server.shared.get() }
    }

    func client(
        store: any Doorstep.Store = MemoryStore(),
        keys: (any Doorstep.KeyStore)? = nil,
        transport: Doorstep.Transport? = nil,
        clock: any Doorstep.Clock = QuickClock(),
        onRequest: (@Sendable (Doorstep.Exchange) -> Void)? = nil
    ) throws -> Doorstep {
        Doorstep(
            baseURL: try server.url,
            deviceName: "Test phone",
            store: store,
            keys: keys,
            transport: transport,
            clock: clock,
            onRequest: onRequest
        )
    }

    func newKeys() throws -> any Doorstep.KeyStore {
        OpenSSLKeys(folder: try temporaryFolder())
    }

    /// The answer that development mode accepts for every captcha.
    func solved(_ doorstep: Doorstep) async throws -> Doorstep.CaptchaAnswer {
        try await doorstep.captcha().answered("letmein")
    }

    /// Signs a new user up.
    @discardableResult
    func signUp(_ doorstep: Doorstep) async throws -> String {
        let phoneNumber = try server.newPhone()
        let flow = doorstep.signUp()
        try await flow.sendCode(phoneNumber: phoneNumber, captcha: solved(doorstep))
        try await flow.verifyCode(server.code(phoneNumber))
        try await flow.setPassword(password)
        try await flow.submitProfile(nickname: "Ada")
        return phoneNumber
    }

    /// Does what a number that had a code a moment ago may not do yet: waits as long as the service says.
    func afterCooldown<Value>(_ task: () async throws -> Value) async throws -> Value {
        do {
            return try await task()
        } catch let error as DoorstepError where error.code == .resendCooldown {
            try await Task.sleep(nanoseconds: UInt64(error.retryAfter ?? 0) * 1_000_000_000)
            return try await task()
        }
    }
}

/// Fails unless the task throws an error of the client with this code. Returns it.
@discardableResult
func assertError<Value>(
    _ code: ErrorCode,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ task: () async throws -> Value
) async -> DoorstepError? {
    do {
        let value = try await task()
        XCTFail("no error, but \(value)", file: file, line: line)
    } catch let error as DoorstepError {
        XCTAssertEqual(error.code, code, file: file, line: line)
        return error
    } catch {
        XCTFail("\(error)", file: file, line: line)
    }
    return nil
}
