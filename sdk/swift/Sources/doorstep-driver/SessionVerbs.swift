import Doorstep
import Foundation

/// Verbs of the session and the account.
extension Driver {
    func session(_ verb: String, _ parameters: Members) async throws -> Any {
        let session = try doorstep().session
        switch verb {
        case "session.state": break
        case "session.access_token":
            return try await session.accessToken(minTTL: parameters["min_ttl"] as? TimeInterval ?? 30)
        case "session.sign_out":
            try await session.signOut(
                everywhere: parameters["everywhere"] as? Bool ?? false,
                forgetDevice: parameters["forget_device"] as? Bool ?? false
            )
        default: throw UnknownVerb(verb: verb)
        }
        return ["state": try await session.restore().rawValue, "bound": session.bound]
    }

    func account(_ verb: String, _ parameters: Members) async throws -> Any? {
        let account = try doorstep().account
        let id = parameters["id"] as? String ?? ""
        switch verb {
        case "account.me": return described(try await account.me())
        case "account.update": return described(try await update(account, parameters))
        case "account.sessions": return try await account.sessions().map { described($0) }
        case "account.end_session": try await account.endSession(id)
        case "account.pending": return try await account.pending().map { described($0) }
        case "account.approve": try await account.approve(id)
        case "account.refuse": try await account.refuse(id)
        case "account.accept_documents":
            return described(try await account.acceptDocuments(parameters["documents"] as? [String] ?? []))
        case "account.change_password":
            try await account.changePassword(
                currentPassword: parameters["current_password"] as? String ?? "",
                newPassword: parameters["new_password"] as? String ?? ""
            )
        default: throw UnknownVerb(verb: verb)
        }
        return nil
    }

    private func update(_ account: Doorstep.Account, _ parameters: Members) async throws -> Doorstep.User {
        try await account.update(
            nickname: parameters["nickname"] as? String,
            gender: (parameters["gender"] as? String).map(Doorstep.Gender.init(rawValue:)),
            birthday: parameters["birthday"] as? String,
            clear: (parameters["clear"] as? [String])?.map(Doorstep.ClearableField.init(rawValue:))
        )
    }
}
