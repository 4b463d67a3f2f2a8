import Foundation
import OpenSSLKeys
import XCTest

@testable import Doorstep

final class ProofOfWorkTests: ServiceTestCase {
    func testHashesAgreeWithOpenSSL() throws {
        for length in [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000] {
            let data = systemRandom(length)
            var hash = SHA256()
            hash.update(data: data.prefix(length / 3))
            hash.update(data: data.dropFirst(length / 3))
            let expected = try OpenSSLKeys.run(["dgst", "-sha256", "-binary"], input: data)
            XCTAssertEqual(Data(hash.finalize()), expected, "\(length) bytes")
        }
    }

    func testNonceSolvesTheWork() async throws {
        for (challenge, bits) in [("a", 1), (String(repeating: "b", count: 63), 8), ("c", 13)] {
            let nonce = try await solve(Doorstep.Work(challenge: challenge, bits: bits))
            var hash = SHA256()
            hash.update(data: Data("\(challenge):\(nonce)".utf8))
            let start = hash.finalize().prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            XCTAssertGreaterThanOrEqual(start.leadingZeroBitCount, bits, challenge)
        }
    }

    func testCancelledTaskEndsTheWork() async throws {
        let work = Task { try await solve(Doorstep.Work(challenge: "x", bits: 255)) }
        work.cancel()
        do {
            _ = try await work.value
            XCTFail("solved")
        } catch {
            XCTAssertTrue(error is CancellationError, "\(error)")
        }
    }

    func testServiceAcceptsTheProof() async throws {
        let server = try Server(["PROOF_OF_WORK": "always", "LIMIT_IP_CAPTCHAS": "100"])
        let operations = Collected<String>()
        let doorstep = Doorstep(baseURL: server.url, onRequest: { operations.add($0.operation) })
        let captcha = try await doorstep.captcha()
        XCTAssertEqual(captcha.mediaType, "image/png")
        XCTAssertEqual(captcha.image?.prefix(4), Data([0x89, 0x50, 0x4e, 0x47]))
        XCTAssertEqual(operations.all, ["captchasCreate", "captchasCreate"])
    }
}
