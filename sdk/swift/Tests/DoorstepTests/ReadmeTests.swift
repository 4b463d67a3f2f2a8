import Doorstep
import Foundation
import XCTest

/// The blocks of README.md run as they are, in their order, against a real service.
final class ReadmeTests: XCTestCase {
    func testBlocksAreThoseOfTheReadme() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let readme = folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("README.md")
        let compiled = try ["ReadmeExamples.swift", "ReadmeViews.swift"]
            .map { try trimmed(String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)) }
            .joined()
        let parts = try String(contentsOf: readme, encoding: .utf8).components(separatedBy: "```swift\n").dropFirst()
        XCTAssertEqual(parts.count, 9)
        for part in parts {
            let block = part.components(separatedBy: "```")[0].replacingOccurrences(of: "import Doorstep\n\n", with: "")
            XCTAssertTrue(compiled.contains(trimmed(block)), block)
        }
    }

    private func trimmed(_ text: String) -> String {
        let lines = text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    func testBlocksRun() async throws {
        let day = ISO8601DateFormatter.string(
            from: Date(timeIntervalSinceNow: 30 * 86_400), timeZone: .gmtForTests, formatOptions: .withFullDate
        )
        let settings = ["CAPTCHA_BYPASS_ANSWER": "ADEHLM", "TEST_PHONES": "+8613800138000=042137@\(day)"]
        let server = try Server(settings)
        _ = ReadmeExamples.create()
        let doorstep = Doorstep(baseURL: server.url, store: MemoryStore(), keys: nil)
        try await ReadmeExamples.signUp(doorstep)
        XCTAssertEqual(ReadmeExamples.shown.all, ["true", "code", "password", "profile", "done"])
        let state = try await ReadmeExamples.resume(doorstep)
        XCTAssertEqual(state.step, .start)

        let header = try await ReadmeExamples.callAPI(doorstep).value(forHTTPHeaderField: "Authorization")
        let response = try await URLSessionTransport().send(Doorstep.TransportRequest(
            method: "GET",
            url: server.url.appendingPathComponent("v1/me"),
            headers: ["authorization": XCTUnwrap(header)],
            body: nil,
            timeout: 10
        ))
        XCTAssertEqual(response.status, 200)
        ReadmeExamples.shown.removeAll()
        try await ReadmeExamples.useSession(doorstep)
        XCTAssertEqual(ReadmeExamples.shown.all, ["signed_out"])
        try await signInAgain(doorstep)
    }

    private func signInAgain(_ doorstep: Doorstep) async throws {
        try await ReadmeExamples.signIn(
            doorstep,
            phoneNumber: "13800138000",
            password: password,
            captcha: doorstep.captcha().answered("ADEHLM"),
            code: "042137"
        )
        XCTAssertEqual(doorstep.session.state, .signedIn)
        let flow = doorstep.signIn()
        try await flow.sendCode(phoneNumber: "13800138000", captcha: doorstep.captcha().answered("ADEHLM"))
        ReadmeExamples.shown.removeAll()
        try await ReadmeExamples.handleErrors(flow, code: "111111")
        XCTAssertEqual(ReadmeExamples.shown.all, ["Wrong code, 4 attempts left"])
    }
}

extension TimeZone {
    fileprivate static let gmtForTests = TimeZone(secondsFromGMT: 0) ?? .current
}
