import Foundation

/// The code of an error. Branch on it, and treat a code that you do not know like `internalError`.
public struct ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String {
        rawValue
    }
}

/// Codes that the client itself makes.
extension ErrorCode {
    /// No answer came, after the retries.
    public static let network = ErrorCode(rawValue: "network")
    /// Something between client and service answered: a proxy, or the login page of a Wi-Fi.
    public static let invalidAnswer = ErrorCode(rawValue: "invalid_answer")
    /// The call needs a session.
    public static let signedOut = ErrorCode(rawValue: "signed_out")
    /// The session is bound to a key that this device does not have any more.
    public static let keyLost = ErrorCode(rawValue: "key_lost")
    /// Another user has signed in meanwhile, in another process.
    public static let userChanged = ErrorCode(rawValue: "user_changed")
    /// The storage of the operator refused the image.
    public static let uploadFailed = ErrorCode(rawValue: "upload_failed")
}

/// Error of the client. The errors of a store, of a key store and of cancellation pass through as they are.
public struct DoorstepError: Error, Sendable {
    /// A field of the body that the service refused.
    public struct FieldProblem: Hashable, Sendable {
        /// Name on the wire: `captcha_answer`.
        public let field: String
        /// JSON pointer to the field: `#/proof_of_work/nonce`.
        public let pointer: String
        public let code: String
        public let detail: String
    }

    public let code: ErrorCode
    /// HTTP status, 0 where the service did not answer.
    public let status: Int
    /// Text for logs: that of the service, in the language of the client, or one of the client in English.
    public let message: String
    /// Seconds until another attempt makes sense.
    public let retryAfter: Int?
    /// The service may have done what was asked: the client repeats the same action at the next call.
    public internal(set) var unanswered: Bool
    /// The error of the transport.
    public let underlying: (any Error)?
    let problem: Wire.Problem?
    let language: String?

    init(
        _ code: ErrorCode,
        _ message: String,
        language: String?,
        status: Int = 0,
        problem: Wire.Problem? = nil,
        retryAfter: Int? = nil,
        unanswered: Bool = false,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.language = language
        self.status = status
        self.problem = problem
        self.retryAfter = retryAfter
        self.unanswered = unanswered
        self.underlying = underlying
    }
}

extension DoorstepError {
    /// Next act of the app: one of few words for all codes, also for those of a newer service.
    public var next: Next {
        switch code {
        case .network, .invalidAnswer: return NextTable.afterNothing
        case .signedOut, .keyLost: return .signIn
        case .userChanged: return .reload
        default: return NextTable.byCode[code.rawValue] ?? NextTable.afterUnknown
        }
    }

    /// Attempts that are left for a code.
    public var attemptsLeft: Int? {
        problem?.attemptsLeft
    }

    /// Fields that the service refused.
    public var fields: [FieldProblem] {
        (problem?.errors ?? []).map {
            FieldProblem(field: $0.field, pointer: $0.pointer, code: $0.code, detail: $0.detail)
        }
    }

    /// Documents that the user must accept (`consentRequired`).
    public var documents: [String] {
        problem?.documents ?? []
    }

    /// Id for bug reports: the log of the service has it, too.
    public var requestID: String? {
        problem.flatMap { $0.requestID.isEmpty ? nil : $0.requestID }
    }

    /// A sentence for the user, in Chinese if the language of the client is Chinese, else in English.
    public var userMessage: String {
        isChinese ? text.zh : text.en
    }

    /// The codes of the client have the sentences of codes of the service that say the same.
    private var text: (en: String, zh: String) {
        switch code {
        case .network, .invalidAnswer: return ErrorTexts.noResponse
        case .signedOut, .keyLost: return ErrorTexts.byCode[ErrorCode.tokenMissing.rawValue] ?? ErrorTexts.unknownCode
        default: return ErrorTexts.byCode[code.rawValue] ?? ErrorTexts.unknownCode
        }
    }

    private var isChinese: Bool {
        let tag = (language ?? "").lowercased()
        return tag.split(whereSeparator: { $0 == "-" || $0 == "_" }).first == "zh"
    }
}

extension DoorstepError: LocalizedError {
    /// The same as `userMessage`.
    public var errorDescription: String? {
        userMessage
    }
}

extension DoorstepError: CustomStringConvertible {
    public var description: String {
        "DoorstepError(\(code), status \(status)): \(message)"
    }
}

extension Error {
    /// Tells whether this is an error of the client with one of these codes.
    func hasCode(_ codes: ErrorCode...) -> Bool {
        (self as? DoorstepError).map { codes.contains($0.code) } ?? false
    }
}
