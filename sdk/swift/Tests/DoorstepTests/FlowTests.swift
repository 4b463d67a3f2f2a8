import Doorstep
import Foundation
import XCTest

final class FlowTests: ServiceTestCase {
    func testButtonThatIsTappedTwiceIsOneAction() async throws {
        let operations = Collected<String>()
        let doorstep = try client(onRequest: { operations.add($0.operation) })
        let (flow, phoneNumber) = (doorstep.signUp(), try server.newPhone())
        let captcha = try await solved(doorstep)
        async let first = flow.sendCode(phoneNumber: phoneNumber, captcha: captcha)
        async let second = flow.sendCode(phoneNumber: phoneNumber, captcha: captcha)
        let states = try await [first, second]
        XCTAssertEqual(states.map(\.step), [.code, .code])
        XCTAssertEqual(operations.all.filter { $0 == "registerSendCode" }.count, 1)
    }

    func testCancelledCallerDoesNotCancelTheAction() async throws {
        let (gate, losses, store) = (Gate(), Remaining(), MemoryStore())
        let network = transport { request, send in
            guard request.url.path.hasSuffix("send-code") else { return try await send(request) }
            await gate.pass()
            // The second attempt comes after a pause, which a cancelled task does not wait for.
            if losses.take() { throw Fault(text: "lost request") }
            return try await send(request)
        }
        losses.set(1)
        let doorstep = try client(store: store, transport: network, clock: SystemClock())
        let (flow, phoneNumber) = (doorstep.signUp(), try server.newPhone())
        let captcha = try await solved(doorstep)
        let screen = Task { try await flow.sendCode(phoneNumber: phoneNumber, captcha: captcha) }
        await gate.untilReached()
        screen.cancel()
        await gate.open()
        let state = try await screen.value
        XCTAssertEqual(state.step, .code)
        let restarted = try client(store: store)
        let resumed = try await restarted.signUp().resume()
        XCTAssertEqual(resumed.step, .code)
        XCTAssertEqual(try server.messages(phoneNumber).count, 1)
    }

    func testStateCountsDownByTheMonotonicClock() async throws {
        let clock = QuickClock()
        let doorstep = try client(clock: clock)
        let (flow, phoneNumber) = (doorstep.signUp(), try server.newPhone())
        let state = try await flow.sendCode(phoneNumber: phoneNumber, captcha: solved(doorstep))
        XCTAssertEqual(state.attemptsLeft, 5)
        XCTAssertNotNil(state.phoneNumber)
        let before = state.expiresIn()
        XCTAssertGreaterThan(before, 200)
        clock.sleepDevice(100)
        XCTAssertGreaterThanOrEqual(state.expiresIn(), before - 1)
        clock.advance(100)
        XCTAssertLessThanOrEqual(state.expiresIn(), before - 100)
        clock.advance(1000)
        XCTAssertEqual([state.expiresIn(), state.resendIn()], [0, 0])
    }

    func testChangesAreTheStateNowAndAfterEachChange() async throws {
        let doorstep = try client()
        let (flow, phoneNumber) = (doorstep.signUp(), try server.newPhone())
        let steps = Collected<Doorstep.Step>()
        let subscription = flow.onChange { steps.add($0.step) }
        var changes = flow.changes.makeAsyncIterator()
        let first = await changes.next()
        XCTAssertEqual(first?.step, .start)
        try await flow.sendCode(phoneNumber: phoneNumber, captcha: solved(doorstep))
        let second = await changes.next()
        XCTAssertEqual(second?.step, .code)
        subscription.cancel()
        try await flow.verifyCode(server.code(phoneNumber))
        XCTAssertEqual(steps.all, [.code])
    }

    func testPasswordResetIsKilledAfterEachStep() async throws {
        let store = MemoryStore()
        let phoneNumber = try await signUp(client())
        let first = try client(store: store)
        _ = try await afterCooldown {
            try await first.passwordReset().sendCode(phoneNumber: phoneNumber, captcha: solved(first))
        }
        let second = try client(store: store).passwordReset()
        try await second.resume()
        XCTAssertEqual(second.state.step, .code)
        try await second.verifyCode(server.code(phoneNumber, message: 2))
        let third = try client(store: store)
        let reset = third.passwordReset()
        try await reset.resume()
        XCTAssertEqual(reset.state.step, .password)
        try await reset.setPassword("staple battery horse")
        XCTAssertEqual(reset.state.step, .done)
        try await third.signIn().withPassword(phoneNumber: phoneNumber, password: "staple battery horse")
        XCTAssertEqual(third.session.state, .signedIn)
    }

    func testHeldChangeOfNumberContinuesAfterARestart() async throws {
        let (store, keys) = (MemoryStore(), try newKeys())
        let doorstep = try client(store: store, keys: keys)
        try await signUp(doorstep)
        let phoneNumber = try server.newPhone()
        try await doorstep.phoneChange().sendCode(phoneNumber: phoneNumber, currentPassword: password)
        let restarted = try client(store: store, keys: keys)
        let change = restarted.phoneChange()
        try await change.resume()
        let held = try await change.verifyCode(server.code(phoneNumber))
        XCTAssertEqual(held.step, .prove)
        XCTAssertEqual(held.question?.reason, .held)
        XCTAssertEqual(held.question?.act, "phone_change")
        XCTAssertGreaterThan(held.question?.retryAfter ?? 0, 80_000)
        let acts = try await restarted.account.pending()
        XCTAssertEqual(acts.map(\.kind), ["phone_change"])
        try await restarted.account.refuse(XCTUnwrap(acts.first).id)
        let left = try await restarted.account.pending()
        XCTAssertEqual(left, [])
    }

    func testCallBeforeItsStepIsAnErrorAndChangesNothing() async throws {
        let flow = try client().signUp()
        let error = await assertError(.wrongStep) { try await flow.verifyCode("123456") }
        XCTAssertEqual(error?.status, 0)
        await assertError(.wrongStep) { try await flow.submitProfile(nickname: "Ada") }
        XCTAssertEqual(flow.state.step, .start)
    }

    func testDifferentCallsBeforeTheirStepAreNotOneAction() async throws {
        let gate = Gate()
        let doorstep = try client(transport: transport { request, send in
            if request.url.path.hasSuffix("send-code") { await gate.pass() }
            return try await send(request)
        })
        let (flow, phoneNumber) = (doorstep.signUp(), try server.newPhone())
        let captcha = try await solved(doorstep)
        let sending = Task { try await flow.sendCode(phoneNumber: phoneNumber, captcha: captcha) }
        await gate.untilReached()
        let verifying = Task { try await flow.verifyCode("000000") }
        let setting = Task { try await flow.setPassword(password) }
        for _ in 0..<100 { await Task.yield() }
        await gate.open()
        _ = try await sending.value
        let codes = [code(of: await verifying.result), code(of: await setting.result)]
        XCTAssertEqual(codes, [.codeWrong, .wrongStep])
    }

    func testFlowLeavesNoKeyBehind() async throws {
        let keys = CountingKeys(try newKeys())
        let doorstep = try client(keys: keys)
        let phoneNumber = try await signUp(doorstep)
        XCTAssertEqual(keys.count, 1)
        try await doorstep.session.signOut()
        let wrong = doorstep.signIn()
        for text in ["wrong password 1", "wrong password 2"] {
            let other = try server.newPhone()
            await assertError(.credentialsInvalid) { try await wrong.withPassword(phoneNumber: other, password: text) }
        }
        XCTAssertEqual(keys.count, 2)
        try await wrong.cancel()
        XCTAssertEqual(keys.count, 1)
        try await doorstep.signIn().withPassword(phoneNumber: phoneNumber, password: password)
        XCTAssertEqual(keys.count, 1)
        try await doorstep.session.signOut(forgetDevice: true)
        XCTAssertEqual(keys.count, 0)
    }

    func testFirstCodeThatNobodyWaitsForIsNotSent() async throws {
        let (store, clock, losses) = (MemoryStore(), QuickClock(), Remaining())
        let doorstep = try client(
            store: store, transport: faulty { _ in losses.take() ? .lostRequest : nil }, clock: clock
        )
        let phoneNumber = try server.newPhone()
        let captcha = try await solved(doorstep)
        losses.set(4)
        await assertError(.network) {
            try await doorstep.signUp().sendCode(phoneNumber: phoneNumber, captcha: captcha)
        }
        clock.sleepDevice(601)
        let state = try await client(store: store, clock: clock).signUp().resume()
        XCTAssertEqual(state.step, .start)
        XCTAssertEqual(try server.messages(phoneNumber).count, 0)
    }
}

/// A place that the test opens.
private actor Gate {
    private var isOpen = false
    private var isReached = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var watching: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        isReached = true
        watching.forEach { $0.resume() }
        watching = []
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    func untilReached() async {
        if !isReached { await withCheckedContinuation { watching.append($0) } }
    }

    func open() {
        isOpen = true
        waiting.forEach { $0.resume() }
        waiting = []
    }
}

private func code(of result: Result<Doorstep.FlowState, any Error>) -> ErrorCode? {
    guard case .failure(let error) = result else { return nil }
    return (error as? DoorstepError)?.code
}

/// A key store that counts its keys.
private final class CountingKeys: Doorstep.KeyStore, @unchecked Sendable {
    private let inner: any Doorstep.KeyStore
    private let lock = NSLock()
    private var names: Set<String> = []

    init(_ inner: any Doorstep.KeyStore) {
        self.inner = inner
    }

    var count: Int {
        change { $0.count }
    }

    func create(_ name: String) async throws -> any Doorstep.DeviceKey {
        _ = change { $0.insert(name) }
        return try await inner.create(name)
    }

    func get(_ name: String) async throws -> (any Doorstep.DeviceKey)? {
        try await inner.get(name)
    }

    func delete(_ name: String) async throws {
        _ = change { $0.remove(name) }
        try await inner.delete(name)
    }

    private func change<Value>(_ task: (inout Set<String>) -> Value) -> Value {
        lock.lock()
        defer { lock.unlock() }
        return task(&names)
    }
}
