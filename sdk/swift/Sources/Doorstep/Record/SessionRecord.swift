import Foundation

/// Facts of a sign-in that are not in the answer of the service.
struct SignInFacts: Sendable {
    /// The key whose proof the request had.
    let key: String?
    /// The flow that ends with the sign-in.
    let flow: String
}

extension Contents {
    /// The known devices of an account are five; one app on one phone has few accounts.
    private static let maxDevices = 5

    /// Writes a sign-in into the record. `id`: name of the session, made by the client.
    mutating func begin(_ answer: Wire.SignedIn, user: JSONObject, id: String, _ facts: SignInFacts) {
        let key = answer.refreshBound ? facts.key : nil
        session = StoredSession(
            id: id,
            refreshToken: answer.refreshToken,
            bound: answer.refreshBound,
            key: key,
            user: user
        )
        let userID = answer.user.id
        let device = StoredDevice(userId: userID, phone: answer.user.phoneNumber, token: answer.deviceToken, key: key)
        devices = Array(([device] + devices.filter { $0.userId != userID }).prefix(Contents.maxDevices))
        ended = nil
        flows[facts.flow] = nil
        removeFlows(exceptOf: userID)
    }

    /// Removes the session from the record, if it is still the given one with the given refresh token.
    mutating func end(
        _ reason: Doorstep.SignedOutReason,
        session id: String?,
        token: String?,
        forgettingDevice: Bool
    ) {
        guard let ending = session, id == nil || ending.id == id else { return }
        guard token == nil || ending.refreshToken == token else { return }
        session = nil
        ended = EndedSession(session: ending.id, reason: reason)
        if forgettingDevice { devices.removeAll { $0.userId == ending.userID } }
        removeFlows(exceptOf: nil)
    }

    /// The device token for a number that the user typed, in any of its forms.
    func device(typed phoneNumber: String) -> StoredDevice? {
        let typed = digits(phoneNumber).drop { $0 == "0" }
        guard typed.count >= 7 else { return nil }
        return devices.first { $0.phone.map { digits($0).hasSuffix(typed) } ?? false }
    }

    /// The names of all keys in the record.
    var keyNames: Set<String> {
        let flowKeys = flows.values.flatMap { [$0.key, $0.pending?.key] }
        return Set(([session?.key] + devices.map(\.key) + flowKeys).compactMap { $0 })
    }

    private mutating func removeFlows(exceptOf userID: String?) {
        flows = flows.filter { $0.value.userId == nil || $0.value.userId == userID }
    }
}

extension Optional where Wrapped == any DoorstepKeyStore {
    /// Deletes those keys that nothing in the record names any more. A key that stays is no harm, so no error is one.
    func clean(_ names: Set<String>, unusedIn contents: Contents) async {
        for name in names.subtracting(contents.keyNames) { try? await self?.delete(name) }
    }
}

/// The digits of a number as ASCII, also of one in full width.
private func digits(_ text: String) -> String {
    let scalars = text.unicodeScalars.compactMap { scalar -> Unicode.Scalar? in
        switch scalar.value {
        case 0x30...0x39: return scalar
        case 0xff10...0xff19: return Unicode.Scalar(scalar.value - 0xfee0)
        default: return nil
        }
    }
    return String(String.UnicodeScalarView(scalars))
}
