import Foundation

// Flows of a signed-in user around their number.

extension Doorstep {
    /// Another number for the account.
    public final class PhoneChange: CodeFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "phoneChange")
        }

        /// Sends a code to the new number. An account with a password needs it.
        @discardableResult
        public func sendCode(phoneNumber: String, currentPassword: String? = nil) async throws -> FlowState {
            try await act(Action(.phoneChangeSendCode) { _ in
                Wire.ChangePhone(phoneNumber: phoneNumber, currentPassword: currentPassword)
            })
        }

        /// Changes the number, or holds the change (`prove`): repeat the flow after `question.retryAfter`.
        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            try await next("VerifyCode") { Wire.VerifyCode(ticket: $0, code: code) }
        }
    }

    /// "Is this still your number?"
    public final class PhoneConfirmation: CodeFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "phoneConfirmation")
        }

        /// Sends a code to the number of the account.
        @discardableResult
        public func sendCode() async throws -> FlowState {
            try await act(Action(.phoneConfirmationSendCode) { _ in Wire.SendOwnCode() })
        }

        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            try await next("VerifyCode") { Wire.VerifyCode(ticket: $0, code: code) }
        }
    }
}
