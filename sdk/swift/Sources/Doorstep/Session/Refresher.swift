import Foundation

/// Refreshes the access token: one at a time in this process, and among the processes if the store has a lock.
@DoorstepActor
final class Refresher {
    /// Number of times that a refresh starts again because another process was faster.
    private static let maxRounds = 5

    /// The user is ending the session, for this reason: its end is no surprise.
    var endingAs: Doorstep.SignedOutReason?
    private let api: API
    private let vault: Vault
    private let memory: SessionMemory
    private var busy: (error: DoorstepError, until: TimeInterval)?
    private var running: Task<String, any Error>?

    nonisolated init(_ api: API, _ vault: Vault, _ memory: SessionMemory) {
        self.api = api
        self.vault = vault
        self.memory = memory
    }

    /// Refreshes once for all callers.
    func refresh() async throws -> String {
        if let running { return try await running.value }
        let task = Task {
            defer { running = nil }
            return try await refreshAlone()
        }
        running = task
        return try await task.value
    }

    private func refreshAlone() async throws -> String {
        // A bound session does not rotate: its refreshes may overlap.
        if memory.stored?.bound == true { return try await refreshStored() }
        return try await vault.exclusive("refresh") { [self] in try await refreshStored() }
    }

    private func refreshStored() async throws -> String {
        try throwIfBusy()
        for round in 1...Refresher.maxRounds {
            // The store is read anew: another process may have refreshed.
            guard let session = try await vault.read().session else {
                try await memory.end(.signedOut)
                throw signedOutError()
            }
            let key = session.bound ? try await memory.findKey(session) : nil
            if session.bound, key == nil { throw memory.loseKey(session) }
            if let token = try await refresh(session, key, isLast: round == Refresher.maxRounds) { return token }
        }
        throw signedOutError()
    }

    /// Returns the access token, or `nil` if another process was faster.
    private func refresh(
        _ session: StoredSession,
        _ key: (any DoorstepDeviceKey)?,
        isLast: Bool
    ) async throws -> String? {
        do {
            let body = Wire.RefreshTokens(refreshToken: session.refreshToken)
            let tokens = try await api.send(Endpoints.tokensRefresh, body, SendOptions(key: key))
            // The token is stored before anybody uses the access token: a crash in between loses nothing.
            let token = try await memory.renew(session, tokens)
            if token == nil, isLast { throw signedOutError() }
            return token
        } catch let error as DoorstepError where error.hasCode(.refreshInvalid, .refreshReused) {
            try await refused(session, error, isLast: isLast)
            return nil
        } catch let error as DoorstepError {
            rememberBusy(error)
            throw error
        }
    }

    /// The service has said when another attempt makes sense: no widget asks earlier.
    private func throwIfBusy() throws {
        guard let busy else { return }
        let left = Int((busy.until - api.configuration.clock.monotonic()).rounded(.up))
        guard left > 0 else { return }
        throw DoorstepError(
            busy.error.code,
            busy.error.message,
            language: busy.error.language,
            status: busy.error.status,
            problem: busy.error.problem,
            retryAfter: left
        )
    }

    private func rememberBusy(_ error: DoorstepError) {
        guard let wait = error.retryAfter else { return }
        busy = (error, api.configuration.clock.monotonic() + TimeInterval(wait))
    }

    /// Ends the session, unless the store has another token than the refused one: another process was faster.
    private func refused(_ session: StoredSession, _ error: DoorstepError, isLast: Bool) async throws {
        let reason: Doorstep.SignedOutReason = error.code == .refreshReused ? .refreshReused : .sessionEnded
        memory.remember(session)
        try await memory.end(endingAs ?? reason, token: session.refreshToken)
        if memory.stored == nil || isLast { throw signedOutError(error) }
    }

    private func signedOutError(_ cause: DoorstepError? = nil) -> DoorstepError {
        DoorstepError(
            .signedOut,
            "no session on this device: sign in",
            language: api.configuration.language,
            status: cause?.status ?? 0,
            underlying: cause
        )
    }
}
