import Doorstep
import Foundation
import XCTest

final class TransportTests: XCTestCase {
    private func send(to server: StubServer, timeout: TimeInterval = 10) async throws -> Doorstep.TransportResponse {
        try await send(URLSessionTransport(), server, timeout)
    }

    private func send(
        _ transport: URLSessionTransport,
        _ server: StubServer,
        _ timeout: TimeInterval = 10
    ) async throws -> Doorstep.TransportResponse {
        try await transport.send(Doorstep.TransportRequest(
            method: "POST", url: server.url, headers: ["x-test": "1"], body: Data("{}".utf8), timeout: timeout
        ))
    }

    func testAnswerHasStatusHeadersAndBody() async throws {
        let server = try StubServer(["HTTP/1.1 409 Conflict\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}"])
        let response = try await send(to: server)
        XCTAssertEqual(response.status, 409)
        XCTAssertEqual(response.headers["retry-after"], "7")
        XCTAssertEqual(response.body, Data("{}".utf8))
        XCTAssertTrue(server.requests[0].lowercased().contains("x-test: 1"))
    }

    func testRedirectIsNotFollowed() async throws {
        let server = try StubServer([
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ])
        let response = try await send(to: server)
        XCTAssertEqual(response.status, 302)
        XCTAssertEqual(server.requests.count, 1)
    }

    func testCookiesAreNotKept() async throws {
        let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
        let server = try StubServer([answer, answer])
        let transport = URLSessionTransport()
        _ = try await send(transport, server)
        _ = try await send(transport, server)
        XCTAssertFalse(server.requests[1].lowercased().contains("cookie"))
    }

    func testConnectionThatClosesIsAnError() async throws {
        let server = try StubServer(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
        await assertThrows { try await self.send(to: server) }
    }

    func testRequestWithoutAnswerEndsAfterItsTimeout() async throws {
        let server = try StubServer([""])
        let start = SystemClock().monotonic()
        await assertThrows { try await self.send(to: server, timeout: 0.2) }
        XCTAssertLessThan(SystemClock().monotonic() - start, 5)
    }

    func testProxyThatAsksForAPasswordIsNotWaitedFor() async throws {
        let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
        let server = try StubServer([answer])
        let start = SystemClock().monotonic()
        _ = try? await send(to: server)
        XCTAssertLessThan(SystemClock().monotonic() - start, 5)
        XCTAssertEqual(server.requests.count, 1)
    }

    func testErrorOfTheServiceWithItsChallengeIsAnAnswer() async throws {
        let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n"
        let server = try StubServer([head + "Content-Length: 2\r\n\r\n{}"])
        let response = try await send(to: server)
        XCTAssertEqual(response.status, 401)
        XCTAssertEqual(response.body, Data("{}".utf8))
    }

    private func assertThrows(_ task: () async throws -> Doorstep.TransportResponse) async {
        do {
            let response = try await task()
            XCTFail("\(response)")
        } catch {}
    }
}
