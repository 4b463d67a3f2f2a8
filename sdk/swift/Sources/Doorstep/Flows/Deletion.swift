import Foundation

extension Doorstep {
    /// Deletion of the account: in the app with a session, or on a page without one (`sendCode` with a number and a
    /// captcha). A deletion by a code alone is held for some time (`prove`, `question.retryAfter`).
    public final class Deletion: AccountFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "deletion")
        }

        /// Deletes the account of this session at once.
        @discardableResult
        public func withPassword(_ password: String) async throws -> FlowState {
            try await act(Action(.deletionConfirm) { _ in Wire.DeleteMe(password: password) })
        }

        /// Sends a code to the number of the session.
        @discardableResult
        public func sendCode() async throws -> FlowState {
            try await act(Action(.deletionSendCode) { _ in Wire.SendOwnCode() })
        }

        /// Sends a code to a number, without a session.
        @discardableResult
        public func sendCode(phoneNumber: String, captcha: CaptchaAnswer) async throws -> FlowState {
            try await act(Action(.accountDeletionSendCode) { _ in
                Wire.SendCode(phoneNumber: phoneNumber, captchaID: captcha.id, captchaAnswer: captcha.answer)
            })
        }

        /// Deletes the account, or holds the deletion.
        @discardableResult
        public func verifyCode(_ code: String) async throws -> FlowState {
            if record.data.via != name {
                return try await next("VerifyCode", device: true) { Wire.VerifyOwnerCode(ticket: $0, code: code) }
            }
            let noTicket = noTicketError
            return try await act(Action(.deletionConfirm) { flow in
                guard let ticket = flow.ticket else { throw noTicket }
                return Wire.DeleteMe(ticket: ticket, code: code)
            })
        }

        override func send(_ pending: PendingAction, unanswered: Bool) async throws -> Answer {
            guard pending.operation == .deletionConfirm else {
                return try await super.send(pending, unanswered: unanswered)
            }
            try await context.session.delete(pending.body, unanswered: unanswered)
            return Answer(object: [:])
        }
    }
}
