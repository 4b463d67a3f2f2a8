import Foundation

/// The body of a successful answer.
struct Answer: Sendable {
    /// Empty where the answer has no body.
    var object: JSONObject

    func decoded<Body: Decodable>(_ type: Body.Type) throws -> Body {
        try object.decoded(type)
    }
}

extension Answer {
    private static let durations = ["expires_in", "resend_in", "refresh_expires_in"]

    /// Reads a successful answer. Throws the error of every other answer. `fields`: those that it has.
    /// `nil`: it is 204.
    init(_ response: Doorstep.TransportResponse, fields: [String]?, language: String?) throws {
        let object = try? JSON.decoded(JSONObject.self, from: response.body)
        if (200..<300).contains(response.status) {
            if response.status == 204, fields == nil {
                self.object = [:]
                return
            }
            // A Wi-Fi with a login page answers everything with a page or a JSON of its own and a 200.
            guard let object, let fields, fields.allSatisfy({ object[$0] != nil }) else {
                throw invalidAnswer(response, language, unanswered: true)
            }
            self.object = Answer.aged(object, by: seconds(response.headers["age"]) ?? 0)
            return
        }
        guard let object, let code = object["code"]?.text else {
            throw invalidAnswer(response, language, unanswered: response.status >= 500)
        }
        throw problemError(object, code, response, language)
    }

    /// A replayed answer has its original durations, and `Age` says how old it is.
    private static func aged(_ object: JSONObject, by age: Int) -> JSONObject {
        var aged = object
        for name in durations {
            if case .integer(let value)? = object[name] { aged[name] = .integer(max(0, value - age)) }
        }
        return aged
    }
}

extension DoorstepError {
    /// A proxy without a service behind it may have answered: another attempt can succeed.
    var isFromProxy: Bool {
        code == .invalidAnswer && (status >= 500 || (200..<300).contains(status))
    }
}

private func invalidAnswer(
    _ response: Doorstep.TransportResponse,
    _ language: String?,
    unanswered: Bool
) -> DoorstepError {
    DoorstepError(
        .invalidAnswer,
        "an answer with status \(response.status) that is not from doorstep",
        language: language,
        status: response.status,
        retryAfter: seconds(response.headers["retry-after"]),
        unanswered: unanswered
    )
}

private func problemError(
    _ object: JSONObject,
    _ code: String,
    _ response: Doorstep.TransportResponse,
    _ language: String?
) -> DoorstepError {
    // Only the code decides. The other members that the document requires may be missing.
    let texts: JSONObject = ["type": "", "title": "", "detail": "", "request_id": ""].mapValues { .string($0) }
    let defaults = texts.merging(["status": .integer(response.status)]) { $1 }
    let problem = (try? object.merging(defaults) { own, _ in own }.decoded(Wire.Problem.self))
        ?? (try? defaults.merging(["code": .string(code)]) { $1 }.decoded(Wire.Problem.self))
    let message = [problem?.detail, problem?.title].compactMap { $0 }.first { !$0.isEmpty }
    return DoorstepError(
        ErrorCode(rawValue: code),
        message ?? code,
        language: language,
        status: response.status,
        problem: problem,
        retryAfter: problem?.retryAfter ?? seconds(response.headers["retry-after"])
    )
}

private func seconds(_ header: String?) -> Int? {
    guard let header, (1...9).contains(header.utf8.count), header.utf8.allSatisfy({ (48...57).contains($0) }) else {
        return nil
    }
    return Int(header)
}
