import Foundation

extension Doorstep {
    /// The account of the session.
    @DoorstepActor
    public final class Account {
        private struct PasswordChange {
            let body: JSONObject
            let idempotencyKey: String
        }

        let session: Session
        private let configuration: APIConfiguration
        private var passwordChange: PasswordChange?

        nonisolated init(_ session: Session, _ configuration: APIConfiguration) {
            self.session = session
            self.configuration = configuration
        }

        @discardableResult
        public func me() async throws -> User {
            try await user(await session.call(Endpoints.meRead.operation, SendOptions()))
        }

        /// Changes the fields that are given, and empties those in `clear`. `birthday` is a day: `2000-02-29`.
        @discardableResult
        public func update(
            nickname: String? = nil,
            avatarURL: URL? = nil,
            gender: Gender? = nil,
            birthday: String? = nil,
            clear: [ClearableField]? = nil
        ) async throws -> User {
            let body = Wire.ChangeProfile(
                nickname: nickname,
                avatarURL: avatarURL?.absoluteString,
                gender: gender,
                birthday: birthday,
                clear: clear
            )
            let options = SendOptions(body: try JSONObject(encoding: body))
            return try await user(await session.call(Endpoints.meChange.operation, options))
        }

        /// Signs out every other device. The same call again after an error `network` is the same change.
        public func changePassword(currentPassword: String, newPassword: String) async throws {
            let body = Wire.ChangePassword(currentPassword: currentPassword, newPassword: newPassword)
            let object = try JSONObject(encoding: body)
            try await uncancelled { [self] in try await changePassword(object) }
        }

        /// The devices on which the user is signed in.
        public func sessions() async throws -> [DeviceSession] {
            try await session.call(Endpoints.sessionsList, NoBody()).sessions.map(DeviceSession.init)
        }

        /// Signs another device out, and forgets it. Use `session.signOut` for this one.
        public func endSession(_ id: String) async throws {
            _ = try await session.call(Endpoints.sessionsEnd, NoBody(), path: ["id": id])
        }

        /// The acts that wait. Read them at the start of the app, and now and then in the background.
        public func pending() async throws -> [PendingAct] {
            try await session.call(Endpoints.pendingList, NoBody()).pending.map(PendingAct.init)
        }

        public func approve(_ id: String) async throws {
            _ = try await session.call(Endpoints.pendingApprove, NoBody(), path: ["id": id])
        }

        public func refuse(_ id: String) async throws {
            _ = try await session.call(Endpoints.pendingRefuse, NoBody(), path: ["id": id])
        }

        /// Records that the user has accepted the documents in force.
        @discardableResult
        public func acceptDocuments(_ accepted: [String]) async throws -> User {
            let body = try JSONObject(encoding: Wire.AcceptDocuments(accepted: accepted))
            return try await user(await session.call(Endpoints.meAcceptDocuments.operation, SendOptions(body: body)))
        }

        private func user(_ answer: Answer) async throws -> User {
            try await session.setUser(answer.object)
        }

        private func changePassword(_ body: JSONObject) async throws {
            let again = passwordChange.flatMap { $0.body == body ? $0 : nil }
            let idempotencyKey = try again?.idempotencyKey ?? randomName(configuration.random)
            passwordChange = PasswordChange(body: body, idempotencyKey: idempotencyKey)
            var options = SendOptions(body: body, idempotencyKey: idempotencyKey)
            options.unanswered = again != nil
            do {
                try await session.changePassword(options)
                passwordChange = nil
            } catch {
                if let error = error as? DoorstepError, !error.unanswered { passwordChange = nil }
                throw error
            }
        }
    }
}
