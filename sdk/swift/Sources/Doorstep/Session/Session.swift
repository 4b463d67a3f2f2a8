import Foundation

extension Doorstep {
    public enum SessionState: String, Sendable {
        /// The store is not read yet.
        case restoring
        case signedOut = "signed_out"
        case signedIn = "signed_in"
        /// Signed in, but the key is gone: sign in again.
        case keyLost = "key_lost"
    }

    /// Reason why a session has ended.
    public struct SignedOutReason: RawRepresentable, Hashable, Codable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Ended by this app, perhaps in another process.
        public static let signedOut = SignedOutReason(rawValue: "signed_out")
        /// Ended by another device, a password reset or the time.
        public static let sessionEnded = SignedOutReason(rawValue: "session_ended")
        /// The tokens were copied: warn the user.
        public static let refreshReused = SignedOutReason(rawValue: "refresh_reused")
        /// Deleted by the user, on this device.
        public static let accountDeleted = SignedOutReason(rawValue: "account_deleted")
    }

    /// The session of this device: gives access tokens, and refreshes them when needed.
    @DoorstepActor
    public final class Session {
        /// Seconds that an access token must still be valid for an operation that renews the session, retries included.
        private static let changeTTL: TimeInterval = 120

        nonisolated let memory: SessionMemory
        let refresher: Refresher
        let api: API
        private let vault: Vault
        private var restoring: Task<Void, any Error>?

        nonisolated init(
            _ api: API,
            _ vault: Vault,
            _ keys: (any DoorstepKeyStore)?,
            _ configuration: APIConfiguration
        ) {
            self.api = api
            self.vault = vault
            memory = SessionMemory(vault, keys, configuration)
            refresher = Refresher(api, vault, memory)
        }

        public nonisolated var state: SessionState {
            memory.shown.value.state
        }

        /// The account as the service described it last.
        public nonisolated var user: User? {
            memory.shown.value.stored.flatMap { try? User($0.user.decoded(Wire.User.self)) }
        }

        /// `true` if a copy of the refresh token is worth nothing (DPoP).
        public nonisolated var bound: Bool {
            memory.shown.value.stored?.bound ?? false
        }

        /// Tells the app that the session has ended. The listener is not called on the main thread.
        @discardableResult
        public nonisolated func onSignedOut(_ listener: @escaping @Sendable (SignedOutReason) -> Void) -> Subscription {
            memory.signedOut.add(listener)
        }

        /// Called when `state` changes, and when another user has signed in, perhaps in another process. The listener
        /// is not called on the main thread.
        @discardableResult
        public nonisolated func onChange(_ listener: @escaping @Sendable (SessionState) -> Void) -> Subscription {
            memory.changed.add(listener)
        }

        /// The sign-outs from now on.
        public nonisolated var signOuts: AsyncStream<SignedOutReason> {
            memory.signedOut.events()
        }

        /// The state now, and after each change.
        public nonisolated var changes: AsyncStream<SessionState> {
            memory.changed.values { [memory] in memory.shown.value.state }
        }

        /// Reads the store. Needs no network. Every other call does this by itself.
        @discardableResult
        public func restore() async throws -> SessionState {
            let reading = restoring ?? Task {
                do {
                    try await memory.load()
                } catch {
                    restoring = nil
                    throw error
                }
            }
            restoring = reading
            try await reading.value
            return state
        }

        /// An access token that is valid for at least this time, in seconds, for the calls to your own back end.
        public func accessToken(minTTL: TimeInterval = 30) async throws -> String {
            try await restore()
            if let token = memory.token(minTTL: minTTL) { return token }
            return try await refresher.refresh()
        }

        /// Signs this device out, also without a network. With `everywhere`, signs all devices out: this needs the
        /// service, and the device stays signed in if it does not answer. With `forgetDevice`, the device is not known
        /// any more.
        public func signOut(everywhere: Bool = false, forgetDevice: Bool = false) async throws {
            try await uncancelled { [self] in try await end(everywhere: everywhere, forgetDevice: forgetDevice) }
        }

        private func end(everywhere: Bool, forgetDevice: Bool) async throws {
            guard try await restore() != .signedOut else { return }
            let body = Wire.LogOut(everywhere: everywhere ? true : nil, forgetDevice: forgetDevice ? true : nil)
            refresher.endingAs = .signedOut
            do {
                defer { refresher.endingAs = nil }
                _ = try await call(Endpoints.sessionsLogOut, body)
            } catch {
                if error.hasCode(.userChanged) { return }
                if everywhere, !error.hasCode(.tokenInvalid, .signedOut) { throw error }
            }
            try await memory.end(.signedOut, forgettingDevice: forgetDevice || everywhere)
        }

        /// Changes the password and stores the new tokens. Nothing refreshes meanwhile.
        func changePassword(_ options: SendOptions, flow: String? = nil) async throws {
            try await restore()
            let user = memory.stored?.userID
            for round in 1...2 {
                var complete = options
                let token = try await accessToken(minTTL: Session.changeTTL)
                complete.accessToken = try sameUser(user, token)
                do {
                    return try await sendPasswordChange(complete, flow)
                } catch {
                    guard round == 1, error.hasCode(.tokenExpired, .tokenInvalid) else { throw error }
                    memory.forgetToken()
                }
            }
        }

        private func sendPasswordChange(_ options: SendOptions, _ flow: String?) async throws {
            try await vault.exclusive("refresh") { [self] in
                let session = try await vault.read().session
                let answer = try await api.send(Endpoints.meChangePassword.operation, options)
                let tokens = try api.read(Wire.Tokens.self, answer)
                if let session { _ = try await memory.renew(session, tokens, flow: flow) }
            }
        }

        /// Deletes the account.
        func delete(_ body: JSONObject, unanswered: Bool = false) async throws {
            // After a lost answer, the end of the session is the success of the deletion.
            if unanswered { refresher.endingAs = .accountDeleted }
            var options = SendOptions(body: body, unanswered: unanswered)
            options.onLost = { [refresher] in refresher.endingAs = .accountDeleted }
            do {
                defer { refresher.endingAs = nil }
                do {
                    _ = try await call(Endpoints.deletionConfirm.operation, options)
                } catch where refresher.endingAs != nil && error.hasCode(.signedOut) {}
            }
            try await memory.end(.accountDeleted, forgettingDevice: true)
        }

        /// Stores a sign-in.
        func begin(_ answer: Wire.SignedIn, user: JSONObject, _ facts: SignInFacts) async throws {
            try await memory.begin(answer, user: user, facts)
            restoring = Task {}
        }

        /// Stores what the service says about the account.
        @discardableResult
        func setUser(_ user: JSONObject, flow: String? = nil) async throws -> User {
            let read = try api.read(Wire.User.self, Answer(object: user))
            try await memory.setUser(user, flow: flow)
            return User(read)
        }
    }
}
