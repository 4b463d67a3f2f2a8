import Foundation

extension Doorstep {
    /// A flow with a code.
    public class CodeFlow: Flow {
        /// Sends the same code again.
        @discardableResult
        public func resendCode() async throws -> FlowState {
            try await next("ResendCode") { Wire.FlowTicket(ticket: $0) }
        }
    }

    /// A flow without a session. It can become a sign-up: "this is not my account".
    public class AccountFlow: CodeFlow {
        /// Continues as a sign-up, with an account of its own for the number. `accepted`: the documents in force.
        @discardableResult
        public func startAnew(accepted: [String]? = nil) async throws -> FlowState {
            try await next("StartAnew") { Wire.StartAnew(ticket: $0, accepted: accepted) }
        }

        /// Sets the password of the new account.
        @discardableResult
        public func setPassword(_ password: String) async throws -> FlowState {
            try await next("SetPassword") { Wire.SetPassword(ticket: $0, password: password) }
        }

        /// Creates the account and signs in. Where the service does not require a password, it follows the code
        /// directly. `birthday` is a day: `2000-02-29`.
        @discardableResult
        public func submitProfile(
            nickname: String,
            avatarURL: URL? = nil,
            gender: Gender? = nil,
            birthday: String? = nil
        ) async throws -> FlowState {
            try await next("SubmitProfile", signsIn: true) {
                Wire.SubmitProfile(
                    ticket: $0,
                    nickname: nickname,
                    avatarURL: avatarURL?.absoluteString,
                    gender: gender,
                    birthday: birthday
                )
            }
        }

        override func accept(_ pending: PendingAction, _ answer: Answer) async throws {
            if pending.operation.rawValue.hasSuffix("StartAnew") { record.note { $0.via = "register" } }
            try await super.accept(pending, answer)
        }
    }
}
