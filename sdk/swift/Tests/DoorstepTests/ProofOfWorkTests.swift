import OpenSSLKeys
import XCTest

@testable import Doorstep

final class ProofOfWorkTests: XCTestCase {
    func testHashesAgreeWithOpenSSL() throws {
        for length in [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000] {
            let data = systemRandom(length)
            var hash = SHA256()
            hash.update(data: data)
            let expected = try OpenSSLKeys.run(["dgst", "-sha256", "-binary"], input: data)
            XCTAssertEqual(Data(hash.finalize()), expected, "\(length) bytes")
        }
    }

    func testSpeed() throws {
        var search = Search(Doorstep.Work(challenge: String(repeating: "c", count: 40), bits: 200))
        let start = SystemClock().monotonic()
        XCTAssertNil(search.next(20000))
        print("RATE", 20000 / (SystemClock().monotonic() - start))
    }
}
