import Doorstep
import Foundation
import XCTest

final class SessionTests: ServiceTestCase {
    private let expiry: TimeInterval = 900

    func testManyCallersWaitForOneRefresh() async throws {
        let (clock, operations) = (QuickClock(), Collected<String>())
        let doorstep = try client(clock: clock, onRequest: { operations.add($0.operation) })
        try await signUp(doorstep)
        clock.advance(expiry)
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await doorstep.session.accessToken() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        XCTAssertEqual(tokens.count, 1)
        XCTAssertEqual(operations.all.filter { $0 == "tokensRefresh" }.count, 1)
    }

    func testTokenWithLessLifeThanTheCallerNeedsIsRefreshed() async throws {
        let clock = QuickClock()
        let doorstep = try client(clock: clock)
        try await signUp(doorstep)
        let token = try await doorstep.session.accessToken()
        clock.advance(800)
        let same = try await doorstep.session.accessToken(minTTL: 60)
        XCTAssertEqual(same, token)
        let other = try await doorstep.session.accessToken(minTTL: 120)
        XCTAssertNotEqual(other, token)
    }

    func testTokenEndsByTheEarlierOfTwoClocks() async throws {
        let clock = QuickClock()
        let doorstep = try client(clock: clock)
        try await signUp(doorstep)
        let token = try await doorstep.session.accessToken()
        clock.sleepDevice(-3600)
        let same = try await doorstep.session.accessToken()
        XCTAssertEqual(same, token)
        clock.sleepDevice(3600 + expiry)
        let other = try await doorstep.session.accessToken()
        XCTAssertNotEqual(other, token)
    }

    func testRefusedAccessTokenIsRefreshedOnce() async throws {
        let store = MemoryStore()
        try await signUp(client(store: store))
        let (paths, refusals) = (Collected<String>(), Remaining())
        let network = transport { request, send in
            paths.add(request.url.path)
            return refusals.take() ? answer(401, #"{"code":"token_expired"}"#) : try await send(request)
        }
        let doorstep = try client(store: store, transport: network)
        _ = try await doorstep.session.accessToken()
        paths.removeAll()
        refusals.set(1)
        let user = try await doorstep.account.me()
        XCTAssertEqual(user.nickname, "Ada")
        XCTAssertEqual(paths.all, ["/v1/me", "/v1/token/refresh", "/v1/me"])
    }

    func testSignOutWorksWithoutNetwork() async throws {
        let (store, failures) = (MemoryStore(), Remaining())
        let network = transport { request, send in
            if failures.take() { throw Fault(text: "offline") }
            return try await send(request)
        }
        let doorstep = try client(store: store, transport: network)
        let phoneNumber = try await signUp(doorstep)
        let reasons = Collected<Doorstep.SignedOutReason>()
        doorstep.session.onSignedOut { reasons.add($0) }
        failures.set(1000)
        await assertError(.network) { try await doorstep.session.signOut(everywhere: true) }
        XCTAssertEqual(doorstep.session.state, .signedIn)
        try await doorstep.session.signOut()
        XCTAssertEqual(doorstep.session.state, .signedOut)
        XCTAssertEqual(reasons.all, [.signedOut])
        await assertError(.signedOut) { try await doorstep.session.accessToken() }

        failures.set(0)
        try await doorstep.signIn().withPassword(phoneNumber: String(phoneNumber.dropFirst(3)), password: password)
        let session = try await doorstep.account.sessions().first { $0.current }
        let known = try XCTUnwrap(session?.deviceKnownSince)
        XCTAssertLessThan(known, try XCTUnwrap(session?.createdAt))
    }

    func testRefreshWaitsForRetryAfter() async throws {
        let (clock, requests, busy) = (QuickClock(), Collected<String>(), Remaining())
        let network = transport { request, send in
            requests.add(request.url.path)
            let refuses = busy.take()
            return refuses ? answer(503, #"{"code":"overloaded"}"#, ["retry-after": "60"]) : try await send(request)
        }
        let doorstep = try client(transport: network, clock: clock)
        try await signUp(doorstep)
        clock.advance(expiry)
        requests.removeAll()
        busy.set(1000)
        for _ in 0..<10 {
            let error = await assertError(.overloaded) { try await doorstep.session.accessToken() }
            XCTAssertEqual(error?.status, 503)
        }
        XCTAssertEqual(requests.all.count, 1)
        busy.set(0)
        clock.advance(60)
        _ = try await doorstep.session.accessToken()
    }

    func testAnotherDeviceEndsTheSession() async throws {
        let phone = try client()
        let phoneNumber = try await signUp(phone)
        let tablet = try client()
        try await tablet.signIn().withPassword(phoneNumber: phoneNumber, password: password)
        let reasons = Collected<Doorstep.SignedOutReason>()
        tablet.session.onSignedOut { reasons.add($0) }
        let other = try await phone.account.sessions().first { !$0.current }
        try await phone.account.endSession(XCTUnwrap(other).id)
        await assertError(.signedOut) { try await tablet.account.me() }
        XCTAssertEqual(tablet.session.state, .signedOut)
        XCTAssertEqual(reasons.all, [.sessionEnded])
    }

    func testCopiedTokenOfAnUnboundSessionWarnsTheUser() async throws {
        let (store, copy, clock) = (MemoryStore(), MemoryStore(), QuickClock())
        let owner = try client(store: store, clock: clock)
        try await signUp(owner)
        let reasons = Collected<Doorstep.SignedOutReason>()
        owner.session.onSignedOut { reasons.add($0) }
        await copy.set("doorstep", store.get("doorstep"))
        let thief = try client(store: copy, clock: clock)
        for _ in 0..<2 {
            _ = try await thief.session.accessToken()
            clock.advance(expiry)
        }
        await assertError(.signedOut) { try await owner.session.accessToken() }
        XCTAssertEqual(reasons.all, [.refreshReused])
    }

    func testLostKeyIsNotASignOut() async throws {
        let store = MemoryStore()
        let phoneNumber = try await signUp(client(store: store, keys: newKeys()))
        let restarted = try client(store: store, keys: newKeys())
        let reasons = Collected<Doorstep.SignedOutReason>()
        restarted.session.onSignedOut { reasons.add($0) }
        let state = try await restarted.session.restore()
        XCTAssertEqual(state, .keyLost)
        XCTAssertEqual(restarted.session.user?.nickname, "Ada")
        await assertError(.keyLost) { try await restarted.session.accessToken() }
        try await restarted.signIn().withPassword(phoneNumber: phoneNumber, password: password)
        XCTAssertEqual(restarted.session.state, .signedIn)
        XCTAssertTrue(restarted.session.bound)
        XCTAssertEqual(reasons.all, [])
    }

    func testWrongClockNeedsANonce() async throws {
        let clock = QuickClock()
        clock.sleepDevice(-86_400)
        let doorstep = try client(keys: newKeys(), clock: clock)
        try await signUp(doorstep)
        clock.advance(expiry)
        let user = try await doorstep.account.me()
        XCTAssertEqual(user.nickname, "Ada")
        XCTAssertTrue(doorstep.session.bound)
    }

    func testSecondClientOfTheStoreLearnsTheReason() async throws {
        let store = MemoryStore()
        let (first, second) = (try client(store: store), try client(store: store))
        try await signUp(first)
        try await second.account.me()
        let reasons = Collected<Doorstep.SignedOutReason>()
        second.session.onSignedOut { reasons.add($0) }
        try await first.deletion().withPassword(password)
        await assertError(.signedOut) { try await second.account.me() }
        XCTAssertEqual(reasons.all, [.accountDeleted])
    }

    func testWhatOneUserBeganNeverHappensToAnother() async throws {
        let store = MemoryStore()
        let (first, second) = (try client(store: store), try client(store: store))
        try await signUp(first)
        try await second.account.me()
        try await first.session.signOut()
        try await signUp(first)
        try await first.account.update(nickname: "Grace")
        await assertError(.userChanged) { try await second.account.update(nickname: "Ada II") }
        let user = try await first.account.me()
        XCTAssertEqual(user.nickname, "Grace")
    }

    func testStoreThatCannotBeReadIsNoSignOut() async throws {
        let store = FailingStore()
        try await signUp(client(store: store))
        let restarted = try client(store: store)
        store.failingReads.set(1)
        do {
            try await restarted.session.restore()
            XCTFail("no error")
        } catch {
            XCTAssertTrue(error is Fault, "\(error)")
        }
        XCTAssertEqual(restarted.session.state, .restoring)
        let state = try await restarted.session.restore()
        XCTAssertEqual(state, .signedIn)
    }

    func testPasswordChangeWithALostAnswerKeepsTheSession() async throws {
        for keys in [nil, try newKeys()] {
            let (losses, clock) = (Remaining(), QuickClock())
            let network = faulty { _ in losses.take() ? .lostAnswer : nil }
            let doorstep = try client(keys: keys, transport: network, clock: clock)
            try await signUp(doorstep)
            losses.set(2)
            try await doorstep.account.changePassword(currentPassword: password, newPassword: "staple battery horse")
            clock.advance(expiry)
            let user = try await doorstep.account.me()
            XCTAssertTrue(user.hasPassword)
        }
    }

    func testChangesBeginWithTheStateNow() async throws {
        let doorstep = try client()
        var states = doorstep.session.changes.makeAsyncIterator()
        let restoring = await states.next()
        XCTAssertEqual(restoring, .restoring)
        try await signUp(doorstep)
        let signedIn = await states.next()
        XCTAssertEqual(signedIn, .signedIn)
    }
}
