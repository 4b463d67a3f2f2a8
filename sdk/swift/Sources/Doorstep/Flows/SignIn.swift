import Foundation

extension Doorstep {
    /// Sign-in with the password, or with a code.
    public final class SignIn: AccountFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "signIn", via: "login")
        }

        /// Signs in with the password. The step is `done`, or `code` if the service wants a code from a new device.
        /// After the error `captchaRequired`, call it again with a captcha.
        @discardableResult
        public func withPassword(
            phoneNumber: String,
            password: String,
            captcha: CaptchaAnswer? = nil
        ) async throws -> FlowState {
            try await act(Action(.loginWithPassword, signsIn: true, device: true) { _ in
                Wire.LogIn(
                    phoneNumber: phoneNumber,
                    password: password,
                    captchaID: captcha?.id,
                    captchaAnswer: captcha?.answer
                )
            })
        }

        /// Sends a code. A known device needs no captcha; the error `captchaRequired` asks for one.
        @discardableResult
        public func sendCode(phoneNumber: String, captcha: CaptchaAnswer? = nil) async throws -> FlowState {
            try await act(Action(.loginSendCode, device: true) { _ in
                Wire.SendAccountCode(phoneNumber: phoneNumber, captcha)
            })
        }

        /// Signs in, or asks whose account it is (`prove`). The same code is enough again after an approval.
        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            try await next("VerifyCode", signsIn: true, device: true) { Wire.VerifyLogin(ticket: $0, code: code) }
        }

        /// "This is my account": proves it with the password, or with this device if the account knows it.
        @discardableResult
        public func claim(password: String? = nil) async throws -> FlowState {
            try await next("Claim", signsIn: true, device: password == nil) {
                Wire.ClaimAccount(ticket: $0, password: password)
            }
        }
    }

    /// A new password by code. It signs out every device, and signs in none: continue with the sign-in.
    public final class PasswordReset: AccountFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "passwordReset")
        }

        /// Sends a code. A known device needs no captcha; the error `captchaRequired` asks for one.
        @discardableResult
        public func sendCode(phoneNumber: String, captcha: CaptchaAnswer? = nil) async throws -> FlowState {
            try await act(Action(.passwordResetSendCode, device: true) { _ in
                Wire.SendAccountCode(phoneNumber: phoneNumber, captcha)
            })
        }

        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            try await next("VerifyCode", device: true) { Wire.VerifyOwnerCode(ticket: $0, code: code) }
        }
    }
}

extension Wire.SendAccountCode {
    fileprivate init(phoneNumber: String, _ captcha: Doorstep.CaptchaAnswer?) {
        self.init(phoneNumber: phoneNumber, captchaID: captcha?.id, captchaAnswer: captcha?.answer)
    }
}
