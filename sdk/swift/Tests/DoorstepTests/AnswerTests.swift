import Foundation
import XCTest

@testable import Doorstep

final class AnswerTests: XCTestCase {
    private func read(_ status: Int, _ body: String, _ headers: [String: String] = [:]) throws -> Answer {
        try Answer(answer(status, body, headers), fields: status == 204 ? nil : [], language: nil)
    }

    private func error(_ code: String, language: String? = nil) -> DoorstepError {
        DoorstepError(ErrorCode(rawValue: code), "text", language: language)
    }

    func testDurationsOfAReplayedAnswerAreShorterByItsAge() throws {
        let body = #"{"ticket":"t","expires_in":300,"resend_in":5,"attempts_left":5}"#
        let read = try read(200, body, ["age": "10"]).object
        let expected = ["expires_in": 290, "resend_in": 0, "attempts_left": 5].mapValues { JSON.integer($0) }
        XCTAssertEqual(read, expected.merging(["ticket": .string("t")]) { $1 })
    }

    func testWhatIsNotFromTheServiceIsNoErrorOfTheService() {
        let answers = [
            (200, "<html>", true), (200, "[]", true), (502, "Bad Gateway", true),
            (403, #"{"message":"blocked"}"#, false), (401, "", false), (302, "", false),
        ]
        for (status, body, unanswered) in answers {
            XCTAssertThrowsError(try read(status, body)) { error in
                XCTAssertEqual((error as? DoorstepError)?.code, .invalidAnswer, body)
                XCTAssertEqual((error as? DoorstepError)?.unanswered, unanswered, body)
            }
        }
    }

    func testErrorHasWhatTheServiceSays() {
        let body = """
            {"code":"validation_failed","status":422,"detail":"wrong","request_id":"r","attempts_left":4,"new":1,
            "errors":[{"field":"code","pointer":"#/code","code":"too_short","detail":"d"}],"documents":["terms"]}
            """
        XCTAssertThrowsError(try read(422, body, ["retry-after": "7"])) { error in
            let error = error as? DoorstepError
            XCTAssertEqual(error?.code, .validationFailed)
            XCTAssertEqual(error?.message, "wrong")
            XCTAssertEqual(error?.requestID, "r")
            XCTAssertEqual(error?.attemptsLeft, 4)
            XCTAssertEqual(error?.retryAfter, 7)
            XCTAssertEqual(error?.fields.first?.field, "code")
            XCTAssertEqual(error?.documents, ["terms"])
        }
    }

    func testErrorWithMembersOfAnotherTypeKeepsItsCode() {
        XCTAssertThrowsError(try read(409, #"{"code":"code_wrong","attempts_left":"many"}"#)) { error in
            XCTAssertEqual((error as? DoorstepError)?.code, .codeWrong)
            XCTAssertEqual((error as? DoorstepError)?.status, 409)
        }
    }

    func testEveryCodeSaysWhatTheAppDoesNext() {
        let next: [String: DoorstepError.Next] = [
            "resend_cooldown": .wait, "captcha_wrong": .newCaptcha, "network": .retry, "signed_out": .signIn,
            "code_of_tomorrow": .retryLater, "user_changed": .reload, "phone_missing": .continue,
        ]
        for (code, expected) in next { XCTAssertEqual(error(code).next, expected, code) }
    }

    func testUserMessageIsInTheLanguageOfTheClient() {
        for tag in ["zh", "zh-CN", "ZH_Hant_TW"] {
            XCTAssertEqual(error("network", language: tag).userMessage, ErrorTexts.noResponse.zh)
            XCTAssertEqual(error("code_wrong", language: tag).userMessage, ErrorTexts.byCode["code_wrong"]?.zh)
        }
        for tag in [nil, "en", "fr-FR", "zhx"] {
            XCTAssertEqual(error("network", language: tag).userMessage, ErrorTexts.noResponse.en)
        }
        // A code without a text of its own, and one of a newer service.
        for code in ["use_dpop_nonce", "code_of_tomorrow"] {
            XCTAssertEqual(error(code).userMessage, ErrorTexts.unknownCode.en)
        }
        for code in ["signed_out", "key_lost"] { XCTAssertEqual(error(code).userMessage, "Please sign in.") }
        XCTAssertEqual(error("network").localizedDescription, ErrorTexts.noResponse.en)
    }
}
