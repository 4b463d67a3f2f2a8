import Foundation

/// The state of one flow: in memory with the monotonic clock, and in the store for a restart.
@DoorstepActor
final class FlowRecord {
    /// The part that the app reads at any time. Times are on the monotonic clock.
    private struct Memory: Sendable {
        var data: StoredFlow
        var endedBy: ErrorCode?
        var expires: TimeInterval = 0
        var resend: TimeInterval = 0
    }

    /// The pending action was sent, and nobody knows whether the service has done it.
    var unanswered = false
    private nonisolated let memory: Locked<Memory>
    private let vault: Vault
    private nonisolated let clock: any DoorstepClock
    private let name: String
    private let via: String
    /// The pending action has a password, and is not stored.
    private var inMemory = false

    nonisolated init(_ vault: Vault, _ clock: any DoorstepClock, name: String, via: String) {
        self.vault = vault
        self.clock = clock
        self.name = name
        self.via = via
        memory = Locked(Memory(data: StoredFlow(step: "start", via: via)))
    }

    private(set) var data: StoredFlow {
        get { memory.value.data }
        set { memory.withLock { $0.data = newValue } }
    }

    nonisolated var state: Doorstep.FlowState {
        let now = memory.value
        return Doorstep.FlowState(
            step: Doorstep.Step(server: now.data.step),
            serverStep: now.data.step,
            phoneNumber: now.data.phone,
            attemptsLeft: now.data.attemptsLeft,
            question: now.data.question.map(questionNow),
            endedBy: now.endedBy,
            clock: clock,
            resend: now.resend,
            expires: now.expires
        )
    }

    /// Changes what is stored with the next action.
    func note(_ change: (inout StoredFlow) -> Void) {
        change(&data)
    }

    /// Reads the flow of an earlier start of the app.
    func load(userID: String?) async throws {
        guard let stored = try await vault.read().flows[name] else { return }
        if let owner = stored.userId, owner != userID { return }
        // An action that is pending in memory is newer than the store.
        guard data.pending == nil else { return }
        unanswered = stored.pending != nil
        inMemory = false
        // The clock of the device may have been set since: this is a hint until the service answers.
        let since = clock.monotonic() - TimeInterval(clock.milliseconds()) / 1000
        let time = { (stored: Int?) in TimeInterval(stored ?? 0) / 1000 + since }
        let read = Memory(data: stored, expires: time(stored.expiresAt), resend: time(stored.resendAt))
        memory.withLock { $0 = read }
    }

    /// Stores an action before it is sent.
    func begin(_ action: PreparedAction, inMemory: Bool, idempotencyKey: String) async throws {
        if ["done", "ended"].contains(data.step) { data.step = "start" }
        unanswered = false
        memory.withLock { $0.endedBy = nil }
        self.inMemory = inMemory
        data.pending = PendingAction(
            operation: action.operation,
            body: action.body,
            idempotencyKey: idempotencyKey,
            key: action.key,
            at: clock.milliseconds()
        )
        do {
            try await save()
        } catch {
            // Nothing was sent.
            data.pending = nil
            throw error
        }
    }

    /// The service has gone on to the step of the answer.
    func advance(_ answer: Advance) async throws {
        try await advance(answer, question: data.question)
    }

    /// A right code was not enough, or a code was sent to a new device.
    func ask(_ asked: Asked, _ advance: Advance) async throws {
        var next = advance
        next.step = advance.step ?? (advance.ticket == nil ? "prove_account" : "verify_code")
        let asks = Doorstep.Step(server: next.step ?? "") == .prove
        try await self.advance(next, question: asks ? asked.question(now: clock.milliseconds()) : data.question)
    }

    private func advance(_ answer: Advance, question: StoredQuestion?) async throws {
        var next = data
        next.step = answer.step ?? data.step
        let step = Doorstep.Step(server: next.step)
        next.ticket = answer.ticket ?? data.ticket
        next.phone = answer.phoneNumber ?? data.phone
        next.attemptsLeft = step == .code ? answer.attemptsLeft ?? data.attemptsLeft : nil
        next.question = step == .prove ? question : nil
        next.pending = nil
        setTimes(&next, expiresIn: answer.expiresIn, resendIn: answer.resendIn)
        try await put(next)
    }

    /// Stores what a refused action changes.
    func refuse(_ error: DoorstepError) async throws {
        var next = data
        next.pending = nil
        if error.code == .wrongStep, let step = error.problem?.step { next.step = step }
        if let left = error.problem?.attemptsLeft { next.attemptsLeft = left }
        let wait = error.code == .resendCooldown ? error.problem?.resendIn ?? error.retryAfter : nil
        setTimes(&next, expiresIn: nil, resendIn: wait)
        try await put(next)
    }

    /// The flow is over, or forgotten.
    func remove(_ step: Doorstep.Step, endedBy: ErrorCode? = nil) async throws {
        let name = name
        try await vault.update { $0.flows[name] = nil }
        finish(step, endedBy: endedBy)
    }

    /// The flow is over, and the store knows.
    func finish(_ step: Doorstep.Step = .done, endedBy: ErrorCode? = nil) {
        unanswered = false
        let over = Memory(data: StoredFlow(step: step.rawValue, via: via, phone: data.phone), endedBy: endedBy)
        memory.withLock { $0 = over }
    }

    private func put(_ next: StoredFlow) async throws {
        let before = data
        data = next
        do {
            try await save()
        } catch {
            // The action stays pending: its repetition gets the same answer.
            data = before
            unanswered = true
            throw error
        }
        unanswered = false
    }

    private func save() async throws {
        var stored = data
        if inMemory { stored.pending = nil }
        let (name, isOpen, value) = (name, stored.ticket != nil || stored.pending != nil, stored)
        try await vault.update { $0.flows[name] = isOpen ? value : nil }
    }

    private func setTimes(_ flow: inout StoredFlow, expiresIn: Int?, resendIn: Int?) {
        let (now, wall) = (clock.monotonic(), clock.milliseconds())
        if let expiresIn {
            memory.withLock { $0.expires = now + TimeInterval(expiresIn) }
            flow.expiresAt = wall + expiresIn * 1000
        }
        if let resendIn {
            memory.withLock { $0.resend = now + TimeInterval(resendIn) }
            flow.resendAt = wall + resendIn * 1000
        }
    }

    private nonisolated func questionNow(_ question: StoredQuestion) -> Doorstep.Question {
        let wait = question.readyAt.map { max(0, Int((Double($0 - clock.milliseconds()) / 1000).rounded(.up))) }
        return Doorstep.Question(
            reason: .init(rawValue: question.reason),
            act: question.act,
            retryAfter: wait,
            startAnew: question.startAnew
        )
    }
}
