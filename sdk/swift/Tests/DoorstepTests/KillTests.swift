import Doorstep
import Foundation
import XCTest

/// The process of the app ends at every write of the store and at every request, and a store fails at every write:
/// nobody is signed out, no second message is sent, and no second user is created.
final class KillTests: ServiceTestCase {
    private struct Phone {
        let store = MemoryStore()
        let keys: (any Doorstep.KeyStore)?
    }

    private func phone(bound: Bool) throws -> Phone {
        Phone(keys: bound ? try newKeys() : nil)
    }

    private func start(_ phone: Phone, _ process: AppProcess = AppProcess()) throws -> Doorstep {
        try client(store: ProcessStore(phone.store, process), keys: phone.keys, transport: process.transport())
    }

    /// A user who goes on wherever the app is, until they are signed in.
    private func signUpStepwise(_ doorstep: Doorstep, _ phoneNumber: String) async throws {
        if try await doorstep.session.restore() == .signedIn { return }
        let flow = doorstep.signUp()
        try await flow.resume()
        for _ in 0..<6 where doorstep.session.state != .signedIn {
            switch flow.state.step {
            case .start: try await flow.sendCode(phoneNumber: phoneNumber, captcha: solved(doorstep))
            case .code: try await flow.verifyCode(server.code(phoneNumber))
            case .password: try await flow.setPassword(password)
            default: try await flow.submitProfile(nickname: "Ada")
            }
        }
        XCTAssertEqual(doorstep.session.state, .signedIn)
    }

    private func untilKilled(_ process: AppProcess, _ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch {
            XCTAssertTrue(process.isKilled, "\(error)")
        }
    }

    func testSignUpIsKilledAtEveryMoment() async throws {
        for bound in [false, true] {
            let counted = AppProcess()
            try await signUpStepwise(start(phone(bound: bound), counted), server.newPhone())
            XCTAssertGreaterThan(counted.moments.count, 20)
            for moment in counted.moments.sorted() {
                try await killSignUp(at: moment, phone(bound: bound), bound: bound)
            }
        }
    }

    private func killSignUp(at moment: String, _ phone: Phone, bound: Bool) async throws {
        let (process, phoneNumber) = (AppProcess(endingAt: moment), try server.newPhone())
        try await untilKilled(process) { try await signUpStepwise(start(phone, process), phoneNumber) }
        XCTAssertTrue(process.isKilled, moment)
        let restarted = try start(phone)
        try await signUpStepwise(restarted, phoneNumber)
        XCTAssertEqual(try server.messages(phoneNumber).count, 1, moment)
        XCTAssertEqual(restarted.session.bound, bound, moment)
        let state = try await restarted.signUp().resume()
        XCTAssertEqual(state.step, .start, moment)
        let sessions = try await restarted.account.sessions()
        XCTAssertEqual(sessions.count, 1, moment)
    }

    func testRefreshesAreKilledAtEveryMoment() async throws {
        for bound in [false, true] {
            let phone = try phone(bound: bound)
            try await signUp(start(phone))
            let counted = AppProcess()
            try await refresh(phone, counted)
            for moment in counted.moments.sorted() {
                let process = AppProcess(endingAt: moment)
                try await untilKilled(process) { try await refresh(phone, process) }
                XCTAssertTrue(process.isKilled, moment)
                let user = try await start(phone).account.me()
                XCTAssertEqual(user.nickname, "Ada", moment)
            }
        }
    }

    private func refresh(_ phone: Phone, _ process: AppProcess) async throws {
        let doorstep = try start(phone, process)
        _ = try await doorstep.session.accessToken()
        _ = try await doorstep.account.me()
    }

    func testStoreThatFailsAtEveryWriteInTurn() async throws {
        for failing in 1...12 {
            let (store, phoneNumber) = (FailingStore(), try server.newPhone())
            let process = CountedFailures(store, failing)
            let doorstep = try client(store: process)
            for _ in 0..<2 where doorstep.session.state != .signedIn {
                do {
                    try await signUpStepwise(doorstep, phoneNumber)
                } catch {
                    XCTAssertTrue(error is Fault, "write \(failing): \(error)")
                }
            }
            XCTAssertEqual(doorstep.session.state, .signedIn, "write \(failing)")
            XCTAssertEqual(try server.messages(phoneNumber).count, 1, "write \(failing)")
            let restarted = try client(store: store.inner)
            let user = try await restarted.account.me()
            XCTAssertEqual(user.nickname, "Ada", "write \(failing)")
        }
    }
}

/// A store that fails at one write.
private final class CountedFailures: Doorstep.Store {
    private let inner: FailingStore
    private let failing: Int
    private let writes = Collected<Int>()

    init(_ inner: FailingStore, _ failing: Int) {
        self.inner = inner
        self.failing = failing
    }

    func get(_ key: String) async throws -> String? {
        try await inner.get(key)
    }

    func set(_ key: String, _ value: String?) async throws {
        writes.add(0)
        if writes.all.count == failing { throw Fault(text: "cannot write") }
        try await inner.set(key, value)
    }
}
