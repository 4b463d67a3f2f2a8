import Foundation

extension Doorstep {
    /// A password for an account that has none, by a code to its own number.
    public final class FirstPassword: CodeFlow {
        nonisolated init(_ context: FlowContext) {
            super.init(context, "firstPassword")
        }

        @discardableResult
        public func sendCode() async throws -> FlowState {
            try await act(Action(.firstPasswordSendCode) { _ in Wire.SendOwnCode() })
        }

        /// Sets the password, and signs out every other device.
        @discardableResult
        public func setPassword(code: String, password: String) async throws -> FlowState {
            let noTicket = noTicketError
            return try await act(Action(.meChangePassword) { flow in
                guard let ticket = flow.ticket else { throw noTicket }
                return Wire.ChangePassword(ticket: ticket, code: code, newPassword: password)
            })
        }

        override func send(_ pending: PendingAction, unanswered: Bool) async throws -> Answer {
            guard pending.operation == .meChangePassword else {
                return try await super.send(pending, unanswered: unanswered)
            }
            var options = SendOptions(body: pending.body, idempotencyKey: pending.idempotencyKey)
            options.unanswered = unanswered
            try await context.session.changePassword(options, flow: name)
            return Answer(object: [:])
        }
    }
}
