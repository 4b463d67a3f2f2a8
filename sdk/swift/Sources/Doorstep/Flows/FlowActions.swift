import Foundation

/// A first code is not sent again by itself after this time, in milliseconds.
private let stale = 600_000

extension Doorstep.Flow {
    func run(_ action: Action) async throws {
        if let pending = record.data.pending, try await completeEarlier(pending, action) { return }
        try await start(action)
        try await complete()
    }

    /// Continues the flow of an earlier start of the app.
    func continueStored() async throws {
        try await context.session.restore()
        try await record.load(userID: context.session.memory.stored?.userID)
        if let pending = record.data.pending {
            try await resume(pending)
        } else if let ticket = record.data.ticket {
            try await askStatus(ticket)
        }
    }

    /// Tells whether the action before was the same or the last of the flow, and has succeeded now.
    private func completeEarlier(_ pending: PendingAction, _ next: Action) async throws -> Bool {
        let body = next.operation == pending.operation ? try next.body(record.data) : nil
        let same = body.map { body in Member.subject.allSatisfy { pending.body[$0] == body[$0] } } ?? false
        // The user has corrected the number: nobody waits for a code to the other one.
        if !same, pending.body[Member.ticket] == nil { return false }
        do {
            try await complete()
            return same || state.step == .done
        } catch let error as DoorstepError where !error.unanswered {
            return false
        }
    }

    /// Stores the action before it is sent. A password stays in memory.
    private func start(_ action: Action) async throws {
        try await context.session.restore()
        if action.operation.route.bearer, let userID = context.session.memory.stored?.userID {
            record.note { $0.userId = userID }
        }
        let prepared = try await actions.prepare(action)
        try await record.begin(
            prepared,
            inMemory: Member.secrets.contains { prepared.body[$0] != nil },
            idempotencyKey: randomName(context.api.configuration.random)
        )
    }

    /// Sends the pending action until it is answered, and stores the answer.
    private func complete() async throws {
        guard let pending = record.data.pending else { return }
        let answer: Answer
        do {
            answer = try await send(pending, unanswered: record.unanswered)
        } catch let error as DoorstepError {
            return try await refused(error, repeated: record.unanswered)
        }
        // Until the answer is stored, the action is repeated: the repetition gets the same answer.
        record.unanswered = true
        try await accept(pending, answer)
    }

    /// Stores what a refusal says. Throws the error, unless it is the next step of the flow.
    private func refused(_ error: DoorstepError, repeated: Bool) async throws {
        if error.unanswered {
            record.unanswered = true
            throw error
        }
        if let problem = error.problem, problem.isStep {
            if problem.ticket != nil, let pending = record.data.pending { continueAsFlow(of: pending.operation) }
            return try await record.ask(Asked(problem), Advance(problem))
        }
        if error.code.ends(record.data) {
            try await finish(.ended, endedBy: error.code)
        } else {
            try await record.refuse(error)
        }
        // The first request was done, and its answer was lost: the service has gone on to this step.
        if repeated, error.code == .wrongStep, error.problem?.step != nil { return }
        throw error
    }

    private func resume(_ pending: PendingAction) async throws {
        let age = abs(context.api.configuration.clock.milliseconds() - pending.at)
        if record.data.ticket == nil, age > stale { return try await finish(.start) }
        do {
            try await complete()
        } catch let error as DoorstepError where !error.unanswered {
            // The state says what the answer was; only a missing answer is an error of `resume`.
            if let ticket = record.data.ticket { try await askStatus(ticket) }
        }
    }

    private func askStatus(_ ticket: String) async throws {
        guard let operation = Operation(rawValue: record.data.via + "Status") else { return }
        do {
            let options = SendOptions(body: try JSONObject(encoding: Wire.FlowTicket(ticket: ticket)))
            let answer = operation.route.bearer
                ? try await context.session.call(operation, options)
                : try await context.api.send(operation, options)
            try await follow(context.api.read(Wire.FlowStatus.self, answer))
        } catch let error as DoorstepError {
            if error.code.ends(record.data) { return try await finish(.ended, endedBy: error.code) }
            // An older service has no status for this flow: the stored step stands.
            if error.status != 404, error.status != 405 { throw error }
        }
    }

    private func follow(_ status: Wire.FlowStatus) async throws {
        let advance = Advance(status)
        guard let reason = status.reason else { return try await record.advance(advance) }
        let asked = Asked(
            code: reason, act: status.act, retryAfter: status.retryAfter, startAnew: status.startAnew
        )
        try await record.ask(asked, advance)
    }
}

extension Asked {
    fileprivate init(_ problem: Wire.Problem) {
        self.init(
            code: problem.code, act: problem.act, retryAfter: problem.retryAfter, startAnew: problem.startAnew
        )
    }
}

extension Advance {
    fileprivate init(_ problem: Wire.Problem) {
        self.init(
            step: problem.step,
            ticket: problem.ticket,
            expiresIn: problem.expiresIn,
            resendIn: problem.resendIn,
            attemptsLeft: problem.attemptsLeft
        )
    }

    fileprivate init(_ status: Wire.FlowStatus) {
        self.init(
            step: status.step,
            phoneNumber: status.phoneNumber,
            expiresIn: status.expiresIn,
            resendIn: status.resendIn,
            attemptsLeft: status.attemptsLeft
        )
    }
}
