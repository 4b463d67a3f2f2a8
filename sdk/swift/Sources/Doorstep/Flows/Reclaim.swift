import Foundation

extension Doorstep {
    /// "My number has changed": an account that lost its number gets a new one, and is signed in.
    public final class Reclaim: CodeFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "reclaim")
        }

        /// Sends a code to the new number. Without a password, this device must be known to the account.
        @discardableResult
        public func sendCode(
            formerPhoneNumber: String,
            phoneNumber: String,
            password: String? = nil,
            captcha: CaptchaAnswer
        ) async throws -> FlowState {
            try await act(Action(.reclaimSendCode, device: password == nil) { _ in
                Wire.Reclaim(
                    formerPhoneNumber: formerPhoneNumber,
                    password: password,
                    phoneNumber: phoneNumber,
                    captchaID: captcha.id,
                    captchaAnswer: captcha.answer
                )
            })
        }

        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            try await next("VerifyCode", signsIn: true, device: true) { Wire.VerifyLogin(ticket: $0, code: code) }
        }
    }
}
