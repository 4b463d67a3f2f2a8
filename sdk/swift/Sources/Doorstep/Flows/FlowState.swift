import Foundation

extension Doorstep {
    /// Next act of the user.
    public enum Step: String, CaseIterable, Sendable {
        case start
        /// Enter the code.
        case code
        /// Answer `question`.
        case prove
        /// Fill in the form.
        case password
        case profile
        case done
        /// Start again, `endedBy` says why.
        case ended
        /// The service has a step that this version does not know; ask the user to update the app, or offer another way
        /// to sign in.
        case unknown
    }

    /// A right code was not enough: whose account is it?
    public struct Question: Hashable, Sendable {
        public struct Reason: RawRepresentable, Hashable, Sendable {
            public let rawValue: String

            public init(rawValue: String) {
                self.rawValue = rawValue
            }

            /// The account was not used for a long time.
            public static let dormant = Reason(rawValue: "dormant")
            /// Possible after `retryAfter`, or when a signed-in device approves.
            public static let held = Reason(rawValue: "held")
            /// Its owner has refused.
            public static let refused = Reason(rawValue: "refused")
        }

        public let reason: Reason
        /// The act that waits: `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`.
        public let act: String?
        /// Seconds until the same act is possible with a new code. Remind the user then.
        public let retryAfter: Int?
        /// "This is not my account" is possible: `startAnew()`.
        public let startAnew: Bool
    }

    /// Where a flow is.
    public struct FlowState: Sendable {
        public let step: Step
        /// The step as the service names it.
        public let serverStep: String
        /// The number of the code, masked.
        public let phoneNumber: String?
        public let attemptsLeft: Int?
        public let question: Question?
        /// The code of the error that ended the flow.
        public let endedBy: ErrorCode?
        let clock: any DoorstepClock
        /// Times on the monotonic clock.
        let resend: TimeInterval
        let expires: TimeInterval

        /// Seconds until `resendCode()` is possible, now.
        public func resendIn() -> Int {
            left(resend)
        }

        /// Seconds until the flow ends, now.
        public func expiresIn() -> Int {
            left(expires)
        }

        private func left(_ time: TimeInterval) -> Int {
            max(0, Int((time - clock.monotonic()).rounded(.up)))
        }
    }
}

extension Doorstep.FlowState: Equatable {
    public static func == (left: Self, right: Self) -> Bool {
        left.serverStep == right.serverStep && left.phoneNumber == right.phoneNumber
            && left.attemptsLeft == right.attemptsLeft && left.question == right.question
            && left.endedBy == right.endedBy && left.resend == right.resend && left.expires == right.expires
    }
}

extension Doorstep.Step {
    init(server step: String) {
        switch step {
        case "start": self = .start
        case "done": self = .done
        case "ended": self = .ended
        case "verify_code": self = .code
        case "prove_account": self = .prove
        case "set_password": self = .password
        case "submit_profile": self = .profile
        default: self = .unknown
        }
    }
}

/// Words of the service about the step of a flow: an answer, a status, or an error that is a step.
struct Advance: Decodable, Sendable {
    enum CodingKeys: String, CodingKey {
        case step
        case ticket
        case phoneNumber = "phone_number"
        case expiresIn = "expires_in"
        case resendIn = "resend_in"
        case attemptsLeft = "attempts_left"
    }

    var step: String?
    var ticket: String?
    var phoneNumber: String?
    var expiresIn: Int?
    var resendIn: Int?
    var attemptsLeft: Int?
}

/// Words of the service that ask whose account it is.
struct Asked: Sendable {
    let code: String
    let act: String?
    let retryAfter: Int?
    let startAnew: Bool?

    private static let reasons = ["account_dormant": "dormant", "act_held": "held", "act_refused": "refused"]

    /// Tells whether this code asks.
    static func isReason(_ code: String) -> Bool {
        reasons[code] != nil
    }

    /// `now`: milliseconds since 1970.
    func question(now: Int) -> StoredQuestion {
        StoredQuestion(
            reason: Asked.reasons[code] ?? code,
            act: act,
            startAnew: startAnew ?? (code == ErrorCode.accountDormant.rawValue),
            readyAt: retryAfter.map { now + $0 * 1000 }
        )
    }
}

extension Wire.Problem {
    /// Tells whether an error is a step of the flow, and not a failure of the call.
    var isStep: Bool {
        code != ErrorCode.wrongStep.rawValue && (ticket != nil || step != nil || Asked.isReason(code))
    }
}

extension ErrorCode {
    private static let flowEnds: [ErrorCode] = [.ticketExpired, .codeExhausted, .phoneAlreadyRegistered]

    func ends(_ flow: StoredFlow) -> Bool {
        [.signedOut, .userChanged].contains(self) || (ErrorCode.flowEnds.contains(self) && flow.ticket != nil)
    }
}
