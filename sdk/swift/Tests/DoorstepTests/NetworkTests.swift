import Doorstep
import Foundation
import XCTest

/// A network that loses and doubles requests and answers.
final class NetworkTests: ServiceTestCase {
    func testSignUpWithFaultsInEveryThirdRequest() async throws {
        for offset in 0..<3 {
            for fault in NetworkFault.allCases {
                let network = faulty { ($0 + offset) % 3 == 0 ? fault : nil }
                let doorstep = try client(keys: newKeys(), transport: network)
                let phoneNumber = try await signUp(doorstep)
                XCTAssertEqual(try server.messages(phoneNumber).count, 1, "\(fault) from \(offset)")
                let sessions = try await doorstep.account.sessions()
                XCTAssertEqual(sessions.count, 1)
            }
        }
    }

    func testTwoClientsOnOneStoreLoseEveryThirdAnswer() async throws {
        let (store, signOuts, tokens) = (MemoryStore(), Collected<Int>(), Collected<String>())
        let clocks = [QuickClock(), QuickClock()]
        let clients = try clocks.map { clock in
            try client(store: store, transport: faulty { $0 % 3 == 0 ? .lostAnswer : nil }, clock: clock)
        }
        try await signUp(clients[0])
        for doorstep in clients { doorstep.session.onSignedOut { _ in signOuts.add(0) } }
        for _ in 0..<30 {
            for clock in clocks { clock.advance(900) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for doorstep in clients { group.addTask { tokens.add(try await doorstep.session.accessToken()) } }
                try await group.waitForAll()
            }
        }
        XCTAssertEqual(signOuts.all.count, 0)
        XCTAssertGreaterThanOrEqual(Set(tokens.all).count, 30)
    }

    func testActionWithoutAnswerIsTheSameActionAtTheNextCall() async throws {
        let losses = Remaining()
        let doorstep = try client(transport: faulty { _ in losses.take() ? .lostAnswer : nil })
        let (flow, phoneNumber) = (doorstep.signUp(), try server.newPhone())
        let captcha = try await solved(doorstep)
        losses.set(4)
        let error = await assertError(.network) {
            try await flow.sendCode(phoneNumber: phoneNumber, captcha: captcha)
        }
        XCTAssertEqual(error?.unanswered, true)
        // The page shows another captcha; the user taps the button again.
        try await flow.sendCode(phoneNumber: phoneNumber, captcha: solved(doorstep))
        XCTAssertEqual(flow.state.step, .code)
        XCTAssertEqual(try server.messages(phoneNumber).count, 1)

        try await flow.verifyCode(server.code(phoneNumber))
        losses.set(8)
        await assertError(.network) { try await flow.setPassword(password) }
        await assertError(.network) { try await flow.submitProfile(nickname: "Ada") }
        try await flow.submitProfile(nickname: "Ada")
        XCTAssertEqual(doorstep.session.state, .signedIn)
    }

    func testNoCodeIsSentToACorrectedNumber() async throws {
        let losses = Remaining()
        let doorstep = try client(transport: faulty { _ in losses.take() ? .lostRequest : nil })
        let (flow, mistyped, phoneNumber) = (doorstep.signUp(), try server.newPhone(), try server.newPhone())
        let captcha = try await solved(doorstep)
        losses.set(4)
        await assertError(.network) { try await flow.sendCode(phoneNumber: mistyped, captcha: captcha) }
        try await flow.sendCode(phoneNumber: phoneNumber, captcha: captcha)
        XCTAssertEqual(try server.messages(mistyped).count, 0)
        XCTAssertEqual(try server.messages(phoneNumber).count, 1)
    }

    func testDeletionWithALostAnswerIsADeletion() async throws {
        let losses = Remaining()
        let doorstep = try client(transport: faulty { _ in losses.take() ? .lostAnswer : nil })
        try await signUp(doorstep)
        let reasons = Collected<Doorstep.SignedOutReason>()
        doorstep.session.onSignedOut { reasons.add($0) }
        losses.set(1)
        let state = try await doorstep.deletion().withPassword(password)
        XCTAssertEqual(state.step, .done)
        XCTAssertEqual(doorstep.session.state, .signedOut)
        XCTAssertEqual(reasons.all, [.accountDeleted])
    }

    func testBusyServiceIsAskedAgainAfterAShortWait() async throws {
        let refusals = Collected<String>()
        let network = transport { request, send in
            guard let wait = refusals.all.first else { return try await send(request) }
            let rest = refusals.all.dropFirst()
            refusals.removeAll()
            rest.forEach(refusals.add)
            return answer(503, #"{"code":"overloaded"}"#, ["retry-after": wait])
        }
        let doorstep = try client(transport: network)
        try await signUp(doorstep)
        ["1", "2"].forEach(refusals.add)
        try await doorstep.account.me()
        XCTAssertEqual(refusals.all, [])
        refusals.add("60")
        let error = await assertError(.overloaded) { try await doorstep.account.me() }
        XCTAssertEqual(error?.retryAfter, 60)

        // A captcha is used up by a refusal: the app shows another one.
        let (captcha, phoneNumber) = (try await solved(doorstep), try server.newPhone())
        refusals.add("1")
        await assertError(.overloaded) {
            try await doorstep.signIn().sendCode(phoneNumber: phoneNumber, captcha: captcha)
        }
    }

    func testLoginPageOfAWiFiIsNoAnswer() async throws {
        let (portal, clock) = (Remaining(), QuickClock())
        let network = transport { request, send in
            portal.take() ? answer(200, "<html>Log in</html>") : try await send(request)
        }
        let doorstep = try client(transport: network, clock: clock)
        try await signUp(doorstep)
        clock.advance(900)
        portal.set(4)
        await assertError(.invalidAnswer) { try await doorstep.session.accessToken() }
        XCTAssertEqual(doorstep.session.state, .signedIn)
        let user = try await doorstep.account.me()
        XCTAssertEqual(user.nickname, "Ada")
    }
}
