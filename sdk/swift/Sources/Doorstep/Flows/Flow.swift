import Foundation

/// Parts of the client that every flow needs.
struct FlowContext: Sendable {
    let api: API
    let vault: Vault
    let session: Doorstep.Session
    let keys: (any DoorstepKeyStore)?
    let clientID: String?
    let deviceName: String?
}

extension Doorstep {
    /// One flow of the user: each method is a step, `state` says what comes next, `resume` continues after a restart.
    @DoorstepActor
    public class Flow {
        private struct Active {
            let id: UUID
            let name: String
            let task: Task<FlowState, any Error>
        }

        nonisolated let record: FlowRecord
        let context: FlowContext
        let name: String
        let actions: ActionMaker
        private let changed = Listeners<FlowState>()
        private let queue = TaskQueue()
        private var active: Active?

        nonisolated init(_ context: FlowContext, _ name: String, via: String? = nil) {
            self.context = context
            self.name = name
            record = FlowRecord(context.vault, context.api.configuration.clock, name: name, via: via ?? name)
            actions = ActionMaker(context, record)
        }

        public nonisolated var state: FlowState {
            record.state
        }

        /// Called after each change of `state`, not on the main thread.
        @discardableResult
        public nonisolated func onChange(_ listener: @escaping @Sendable (FlowState) -> Void) -> Subscription {
            changed.add(listener)
        }

        /// The state now, and after each change.
        public nonisolated var changes: AsyncStream<FlowState> {
            changed.values { [record] in record.state }
        }

        /// Continues the flow that the app had open when it was closed: repeats the action that was not answered, and
        /// asks the service for the step. Without an open flow the step is `start`.
        @discardableResult
        public func resume() async throws -> FlowState {
            try await inOrder { [self] in try await continueStored() }.value
        }

        /// Forgets the flow on this device.
        @discardableResult
        public func cancel() async throws -> FlowState {
            try await inOrder { [self] in try await finish(.start) }.value
        }

        /// Does the action once, whatever happens to requests and answers. It goes on when its caller is cancelled.
        func act(_ action: Action) async throws -> FlowState {
            let name = name(of: action)
            // A button that is tapped twice is one action.
            if let active, active.name == name { return try await active.task.value }
            let id = UUID()
            let task = inOrder { [self] in
                defer { if active?.id == id { active = nil } }
                try await run(action)
            }
            active = name.map { Active(id: id, name: $0, task: task) }
            return try await task.value
        }

        /// Does the next action of the flow: the ticket says which flow, `via` which operation.
        func next(
            _ verb: String,
            signsIn: Bool = false,
            device: Bool = false,
            body: @escaping @Sendable (_ ticket: String) -> some Encodable
        ) async throws -> FlowState {
            guard let operation = Operation(rawValue: record.data.via + verb) else {
                throw wrongStep("the flow has no \(verb) now")
            }
            let noTicket = noTicketError
            // A sign-up knows no devices, also if it began as another flow.
            let device = device && record.data.via != "register"
            return try await act(Action(operation, signsIn: signsIn, device: device) { flow in
                guard let ticket = flow.ticket else { throw noTicket }
                return body(ticket)
            })
        }

        /// Sends the action.
        func send(_ pending: PendingAction, unanswered: Bool) async throws -> Answer {
            let route = pending.operation.route
            var options = SendOptions(body: pending.body, unanswered: unanswered)
            options.onLost = { [record] in record.unanswered = true }
            if route.idempotencyKey { options.idempotencyKey = pending.idempotencyKey }
            if route.bearer { return try await context.session.call(pending.operation, options) }
            options.key = try await actions.key(pending.key)
            return try await context.api.send(pending.operation, options)
        }

        /// Stores what the answer says. Flows with other answers add to this.
        func accept(_ pending: PendingAction, _ answer: Answer) async throws {
            if case let user?? = answer.object["user"].map(\.object), answer.object["access_token"] != nil {
                let tokens = try context.api.read(Wire.SignedIn.self, answer)
                try await context.session.begin(tokens, user: user, SignInFacts(key: pending.key, flow: name))
                record.finish()
            } else if answer.object["nickname"] != nil {
                try await context.session.setUser(answer.object, flow: name)
                record.finish()
            } else if answer.object["step"] != nil {
                if answer.object["ticket"] != nil { continueAsFlow(of: pending.operation) }
                try await record.advance(context.api.read(Advance.self, answer))
            } else {
                try await record.remove(.done)
            }
        }

        /// Forgets the flow, and the key that it made.
        func finish(_ step: Step, endedBy: ErrorCode? = nil) async throws {
            let key = record.data.key
            try await record.remove(step, endedBy: endedBy)
            try await actions.cleanKey(key)
        }

        /// The operations that go on with the ticket of this one.
        func continueAsFlow(of operation: Operation) {
            var via = operation.rawValue
            for verb in ["SendCode", "ResendCode", "WithPassword"] where via.hasSuffix(verb) {
                via.removeLast(verb.count)
            }
            record.note { $0.via = via }
        }

        /// The error where no code was requested.
        var noTicketError: DoorstepError {
            wrongStep("request a code first")
        }

        private func wrongStep(_ message: String) -> DoorstepError {
            context.api.configuration.error(.wrongStep, message)
        }

        /// The action with its body, `nil` where it is not possible now.
        private func name(of action: Action) -> String? {
            guard let body = try? action.body(record.data), let data = try? JSON.encoded(body) else { return nil }
            return "\(action.operation.rawValue) \(String(decoding: data, as: UTF8.self))"
        }

        private func inOrder(
            _ task: @escaping @Sendable @DoorstepActor () async throws -> Void
        ) -> Task<FlowState, any Error> {
            queue.add { [self] in
                let before = record.data
                defer { if record.data != before { changed.emit(state) } }
                try await task()
                return state
            }
        }
    }
}
