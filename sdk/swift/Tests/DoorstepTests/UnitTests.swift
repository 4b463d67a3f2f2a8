import Foundation
import OpenSSLKeys
import XCTest

@testable import Doorstep

final class UnitTests: XCTestCase {
    func testAnswersOfTomorrowAndYesterdayAreReadable() throws {
        for name in ["tomorrow", "yesterday"] {
            let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4)
            let file = NSString.path(withComponents: root + ["compat", "\(name).json"])
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            let bodies = try JSON.decoded([String: JSON].self, from: data)
            XCTAssertEqual(Set(bodies.keys), Set(responseTypes.keys))
            for (schema, type) in responseTypes {
                let body = try JSON.encoded(XCTUnwrap(bodies[schema]))
                XCTAssertNoThrow(try JSONDecoder().decode(type, from: body), "\(schema) of \(name)")
            }
        }
    }

    func testNullIsAnAbsentField() throws {
        let text = """
            {"id":"u","nickname":"Ada","phone_number":null,"gender":null,"phone_confirm_due":false,"has_password":true,
            "consent_due":[],"created_at":"2026-11-20T12:00:00.5Z","updated_at":"2026-11-20T12:00:00Z","new":[1]}
            """
        let user = Doorstep.User(try JSON.decoded(Wire.User.self, from: Data(text.utf8)))
        XCTAssertNil(user.phoneNumber)
        XCTAssertNil(user.gender)
        XCTAssertEqual(user.createdAt.timeIntervalSince(user.updatedAt), 0.5, accuracy: 0.001)
    }

    func testRequestHasTheNamesOfTheWire() throws {
        let body = Wire.LogIn(phoneNumber: "1", password: "/é", captchaID: nil)
        let text = String(decoding: try JSON.encoded(body), as: UTF8.self)
        XCTAssertEqual(text, #"{"password":"/é","phone_number":"1"}"#)
    }

    func testBase64URL() throws {
        XCTAssertEqual(base64URL(Data([0xfb, 0xff, 0xfe])), "-__-")
        XCTAssertEqual(base64URL(Data([0])), "AA")
        XCTAssertEqual(base64URL(Data()), "")
    }

    func testDataURI() throws {
        let uri = try XCTUnwrap(DataURI("data:image/png;base64,AQI="))
        XCTAssertEqual(uri.mediaType, "image/png")
        XCTAssertEqual(uri.data, Data([1, 2]))
        for text in ["", "data:", "http://x", "data:image/png,xyz", "data:image/png;base64,?"] {
            XCTAssertNil(DataURI(text), text)
        }
    }

    func testPathOfAnIDCannotLeaveItsPlace() {
        XCTAssertEqual(percentEncoded("../a b/é?#"), "..%2Fa%20b%2F%C3%A9%3F%23")
    }

    func testOneTimeCodeIsTheOnlyNumberOfSixDigits() {
        let codes = [
            ("Your code is 042137, valid for 5 minutes.", "042137"),
            ("【doorstep】验证码：042137。", "042137"),
            ("042137\n\n@id.example.com #042137", "042137"),
            ("Message 1234567: 042137", "042137"),
            ("042137 or 042138", nil),
            ("1234567", nil),
            ("١٢٣٤٥٦", nil),
            ("", nil),
        ]
        for (message, code) in codes { XCTAssertEqual(Doorstep.oneTimeCode(message), code, message) }
    }

    func testProofIsAJWTThatOpenSSLVerifies() async throws {
        let folder = try temporaryFolder()
        let key = try await OpenSSLKeys(folder: folder).create("device")
        let url = try XCTUnwrap(URL(string: "https://id.example.com/v1/login"))
        let proof = Proof(method: "POST", url: url, nonce: "n")
        let parts = try await proof.signed(by: key, clock: SystemClock(), jti: "j").components(separatedBy: ".")
        XCTAssertEqual(parts.count, 3)
        let head = try JSON.decoded(JSONObject.self, from: decoded(parts[0]))
        let claims = try JSON.decoded(JSONObject.self, from: decoded(parts[1]))
        XCTAssertEqual(head["typ"]?.text, "dpop+jwt")
        XCTAssertEqual(head["alg"]?.text, "ES256")
        XCTAssertEqual(head["jwk"]?.object?["x"]?.text, base64URL(key.publicKey.x))
        XCTAssertEqual(head["jwk"]?.object?["y"]?.text, base64URL(key.publicKey.y))
        XCTAssertEqual(claims["htm"]?.text, "POST")
        XCTAssertEqual(claims["htu"]?.text, url.absoluteString)
        XCTAssertEqual(claims["nonce"]?.text, "n")
        let signed = Data("\(parts[0]).\(parts[1])".utf8)
        let signature = try decoded(parts[2])
        XCTAssertTrue(try verify(signature, of: signed, folder))
        XCTAssertFalse(try verify(signature, of: signed + Data([1]), folder))
    }

    private func verify(_ signature: Data, of data: Data, _ folder: URL) throws -> Bool {
        func integer(_ bytes: Data) -> [UInt8] {
            let digits = Array(bytes.drop { $0 == 0 })
            let positive = digits.first.map { $0 >= 0x80 } ?? true ? [0] + digits : digits
            return [2, UInt8(positive.count)] + positive
        }
        let numbers = integer(signature.prefix(32)) + integer(signature.suffix(32))
        let file = folder.appendingPathComponent("signature")
        try Data([0x30, UInt8(numbers.count)] + numbers).write(to: file)
        let key = folder.appendingPathComponent("device.pem").path
        let parameters = ["dgst", "-sha256", "-prverify", key, "-signature", file.path]
        return (try? OpenSSLKeys.run(parameters, input: data)) != nil
    }

    private func decoded(_ text: String) throws -> Data {
        let base64 = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        return try XCTUnwrap(Data(base64Encoded: base64 + String(repeating: "=", count: (4 - text.count % 4) % 4)))
    }
}
