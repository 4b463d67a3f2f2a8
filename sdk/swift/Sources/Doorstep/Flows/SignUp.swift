import Foundation

extension Doorstep {
    /// Sign-up: code, password, profile. The user is signed in after it.
    public final class SignUp: AccountFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "signUp", via: "register")
        }

        /// Sends a code. `accepted`: the documents that the user has accepted; the error `consentRequired` lists those
        /// in force, and leaves the captcha unused.
        @discardableResult
        public func sendCode(
            phoneNumber: String,
            captcha: CaptchaAnswer,
            accepted: [String]? = nil
        ) async throws -> FlowState {
            try await act(Action(.registerSendCode) { _ in
                Wire.SendSignUpCode(
                    phoneNumber: phoneNumber,
                    captchaID: captcha.id,
                    captchaAnswer: captcha.answer,
                    accepted: accepted
                )
            })
        }

        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            try await next("VerifyCode") { Wire.VerifyCode(ticket: $0, code: code) }
        }
    }
}
