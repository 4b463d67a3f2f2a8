import Foundation

/// The session in memory and in the store, and who wants to know of its changes.
@DoorstepActor
final class SessionMemory {
    /// An access token, in memory only.
    private struct Access {
        let session: String
        let token: String
        /// Time on the monotonic clock, which may stop while the device sleeps.
        let expires: TimeInterval
        /// Time on the clock of the device, which its user may set. The earlier of both counts.
        let expiresWall: Date
    }

    /// The part that the app reads at any time.
    struct Shown: Sendable {
        var state = Doorstep.SessionState.restoring
        var stored: StoredSession?
    }

    nonisolated let shown = Locked(Shown())
    nonisolated let signedOut = Listeners<Doorstep.SignedOutReason>()
    nonisolated let changed = Listeners<Doorstep.SessionState>()
    private let vault: Vault
    private let keys: (any DoorstepKeyStore)?
    private let configuration: APIConfiguration
    private var access: Access?

    nonisolated init(_ vault: Vault, _ keys: (any DoorstepKeyStore)?, _ configuration: APIConfiguration) {
        self.vault = vault
        self.keys = keys
        self.configuration = configuration
    }

    var state: Doorstep.SessionState {
        shown.value.state
    }

    var stored: StoredSession? {
        shown.value.stored
    }

    func load() async throws {
        let session = try await vault.read().session
        guard state == .restoring else { return }
        guard let session else { return clear() }
        let hasKey = session.bound ? try await findKey(session) != nil : true
        guard state == .restoring else { return }
        if hasKey { adopt(session) } else { loseKey(session) }
    }

    /// The access token, if it is valid for this time.
    func token(minTTL: TimeInterval) -> String? {
        guard let access, access.session == stored?.id else { return nil }
        let clock = configuration.clock
        let left = min(access.expires - clock.monotonic(), access.expiresWall.timeIntervalSince(clock.now()))
        return left >= minTTL ? access.token : nil
    }

    func forgetToken() {
        access = nil
    }

    /// Stores the tokens of a sign-in, its device token and the end of its flow, in one write.
    func begin(_ answer: Wire.SignedIn, user: JSONObject, _ facts: SignInFacts) async throws {
        let id = try randomName(configuration.random)
        let names = Locked(Set<String>())
        let contents = try await vault.update { contents in
            names.withLock { $0 = contents.keyNames }
            contents.begin(answer, user: user, id: id, facts)
        }
        if let session = contents.session { adopt(session, answer.accessToken, expiresIn: answer.expiresIn) }
        await keys.clean(names.value.union([facts.key].compactMap { $0 }), unusedIn: contents)
    }

    /// Stores renewed tokens, unless the session has gone on or ended meanwhile. Returns the access token.
    func renew(_ session: StoredSession, _ tokens: Wire.Tokens, flow: String? = nil) async throws -> String? {
        let contents = try await vault.update { contents in
            if contents.session?.id == session.id, contents.session?.refreshToken == session.refreshToken {
                contents.session?.refreshToken = tokens.refreshToken
            }
            if let flow { contents.flows[flow] = nil }
        }
        guard let now = contents.session, now.id == session.id else { return nil }
        adopt(now, tokens.accessToken, expiresIn: tokens.expiresIn)
        return tokens.accessToken
    }

    /// Stores what the service says about the account.
    func setUser(_ user: JSONObject, flow: String? = nil) async throws {
        let contents = try await vault.update { contents in
            if contents.session?.userID == user["id"]?.text { contents.session?.user = user }
            if let flow { contents.flows[flow] = nil }
        }
        if let session = contents.session, session.id == stored?.id { adopt(session) }
    }

    /// Removes the session from this device, and tells the app.
    func end(
        _ reason: Doorstep.SignedOutReason,
        token: String? = nil,
        forgettingDevice: Bool = false
    ) async throws {
        let lost = stored
        let contents = try await vault.update { contents in
            contents.end(reason, session: lost?.id, token: token, forgettingDevice: forgettingDevice)
        }
        if let session = contents.session { return adopt(session) }
        clear()
        guard let lost else { return }
        // Another process may have ended it, for a reason of its own.
        signedOut.emit(contents.ended.flatMap { $0.session == lost.id ? $0.reason : nil } ?? reason)
        await keys.clean(Set([lost.key].compactMap { $0 }), unusedIn: contents)
    }

    /// Keeps the tokens: the key may be back at the next start, and the user may see whose session it was.
    @discardableResult
    func loseKey(_ session: StoredSession) -> DoorstepError {
        access = nil
        become(.keyLost, session)
        return configuration.error(.keyLost, "the key of this session is not on this device any more: sign in again")
    }

    func findKey(_ session: StoredSession) async throws -> (any DoorstepDeviceKey)? {
        guard let name = session.key else { return nil }
        return try await keys?.get(name)
    }

    func adopt(_ session: StoredSession) {
        let other = state == .signedIn && stored?.userID != session.userID
        become(.signedIn, session)
        if other { changed.emit(.signedIn) }
    }

    /// A refresh was refused for this session: it is the one that ends.
    func remember(_ session: StoredSession) {
        shown.withLock { $0.stored = session }
    }

    private func adopt(_ session: StoredSession, _ token: String, expiresIn seconds: Int) {
        let clock = configuration.clock
        access = Access(
            session: session.id,
            token: token,
            expires: clock.monotonic() + TimeInterval(seconds),
            expiresWall: clock.now().addingTimeInterval(TimeInterval(seconds))
        )
        adopt(session)
    }

    private func clear() {
        access = nil
        become(.signedOut, nil)
    }

    private func become(_ state: Doorstep.SessionState, _ session: StoredSession?) {
        let before = shown.withLock { shown in
            defer { shown = Shown(state: state, stored: session) }
            return shown.state
        }
        if before != state { changed.emit(state) }
    }
}
