import Foundation

/// Everything that the client stores: one record, so that one write changes all of it.
struct Contents: Codable, Equatable, Sendable {
    static let version = 1

    var version = Contents.version
    var session: StoredSession?
    /// The session that ended last: other processes learn the reason from it.
    var ended: EndedSession?
    var devices: [StoredDevice] = []
    var flows: [String: StoredFlow] = [:]

    init() {}

    /// Leaves out devices and flows that another version of the client has stored in another form.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        version = try container.decode(Int.self, forKey: .version)
        session = try container.decodeIfPresent(StoredSession.self, forKey: .session)
        ended = try container.decodeIfPresent(Readable<EndedSession>.self, forKey: .ended)?.value
        let stored = try container.decodeIfPresent([Readable<StoredDevice>].self, forKey: .devices)
        devices = (stored ?? []).compactMap(\.value)
        let open = try container.decodeIfPresent([String: Readable<StoredFlow>].self, forKey: .flows)
        flows = (open ?? [:]).compactMapValues(\.value)
    }
}

/// A value, or `nil` in place of one that is not readable.
private struct Readable<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}

/// The session of this device.
struct StoredSession: Codable, Equatable, Sendable {
    /// A name of this sign-in, made by the client: tells a renewed session from another one.
    let id: String
    var refreshToken: String
    let bound: Bool
    /// Name of the key in the key store.
    let key: String?
    /// The account as the service described it last, with the fields that only a newer client knows.
    var user: JSONObject

    var userID: String? {
        user["id"]?.text
    }
}

struct EndedSession: Codable, Equatable, Sendable {
    let session: String
    let reason: Doorstep.SignedOutReason
}

/// A device token, kept through sign-outs.
struct StoredDevice: Codable, Equatable, Sendable {
    let userId: String
    let phone: String?
    let token: String
    let key: String?
}

/// An action of the user that is not answered yet: sent again as it is, with the same idempotency key.
struct PendingAction: Codable, Equatable, Sendable {
    let operation: Operation
    let body: JSONObject
    let idempotencyKey: String
    let key: String?
    /// Milliseconds since 1970, by the clock of the device.
    let at: Int
}

struct StoredQuestion: Codable, Equatable, Sendable {
    let reason: String
    let act: String?
    let startAnew: Bool
    /// Milliseconds since 1970.
    let readyAt: Int?
}

struct StoredFlow: Codable, Equatable, Sendable {
    var step: String
    var ticket: String?
    /// The operations that go on with the ticket, for example `register` after `start-anew`.
    var via: String
    var phone: String?
    /// Milliseconds since 1970, as `resendAt`.
    var expiresAt: Int?
    var resendAt: Int?
    var attemptsLeft: Int?
    var question: StoredQuestion?
    /// The account of a flow that needs a session.
    var userId: String?
    /// The account whose device token the flow sends.
    var deviceOf: String?
    var key: String?
    var pending: PendingAction?
}
