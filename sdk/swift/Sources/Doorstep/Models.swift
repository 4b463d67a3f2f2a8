import Foundation

extension Doorstep {
    /// The account. `nil` in a field of the profile means that there is none.
    public struct User: Hashable, Sendable {
        public let id: String
        /// E.164. `nil` if another person has the number now: ask for a new one (`doorstep.phoneChange()`).
        public let phoneNumber: String?
        /// The number was not proven for a long time: ask for it (`doorstep.phoneConfirmation()`).
        public let phoneConfirmDue: Bool
        public let hasPassword: Bool
        public let nickname: String
        public let avatarURL: URL?
        public let gender: Gender?
        /// A day, `2000-02-29`: not a moment, so do not make a `Date` of it.
        public let birthday: String?
        /// Documents that the user must accept: `account.acceptDocuments`.
        public let consentDue: [String]
        public let createdAt: Date
        public let updatedAt: Date
    }

    /// A device on which the user is signed in.
    public struct DeviceSession: Hashable, Identifiable, Sendable {
        public let id: String
        public let deviceName: String?
        /// This device.
        public let current: Bool
        public let createdAt: Date
        /// Time of the last refresh, to the hour.
        public let lastUsedAt: Date
        public let expiresAt: Date
        public let knownDevice: Bool
        public let deviceKnownSince: Date?
    }

    /// An act that waits: for its time, or for an approval.
    public struct PendingAct: Hashable, Identifiable, Sendable {
        public let id: String
        /// `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`, or one of a newer service.
        public let kind: String
        public let phoneNumber: String?
        public let deviceName: String?
        /// This session asked for it.
        public let own: Bool
        public let approved: Bool
        public let askedAt: Date
        public let readyAt: Date
        public let expiresAt: Date
    }

    /// A permit to upload one image to the storage of the operator.
    public struct UploadPermit: Sendable {
        public let method: String
        public let url: URL
        public let headers: [String: String]
        public let form: [String: String]
        /// Value for `account.update(avatarURL:)` after the upload.
        public let publicURL: URL
        /// Seconds.
        public let expiresIn: Int
    }
}

extension Doorstep.User {
    init(_ wire: Wire.User) {
        id = wire.id
        phoneNumber = wire.phoneNumber
        phoneConfirmDue = wire.phoneConfirmDue
        hasPassword = wire.hasPassword
        nickname = wire.nickname
        avatarURL = wire.avatarURL.flatMap(URL.init(string:))
        gender = wire.gender.map(Doorstep.Gender.init(rawValue:))
        birthday = wire.birthday
        consentDue = wire.consentDue
        createdAt = wire.createdAt.date
        updatedAt = wire.updatedAt.date
    }
}

extension Doorstep.DeviceSession {
    init(_ wire: Wire.Session) {
        id = wire.id
        deviceName = wire.deviceName
        current = wire.current
        createdAt = wire.createdAt.date
        lastUsedAt = wire.lastUsedAt.date
        expiresAt = wire.expiresAt.date
        knownDevice = wire.knownDevice
        deviceKnownSince = wire.deviceKnownSince?.date
    }
}

extension Doorstep.PendingAct {
    init(_ wire: Wire.PendingAct) {
        id = wire.id
        kind = wire.kind
        phoneNumber = wire.phoneNumber
        deviceName = wire.deviceName
        own = wire.own
        approved = wire.approved
        askedAt = wire.askedAt.date
        readyAt = wire.readyAt.date
        expiresAt = wire.expiresAt.date
    }
}

extension Doorstep.UploadPermit {
    /// `nil` if an address is not a URL.
    init?(_ wire: Wire.UploadPermit) {
        guard let url = URL(string: wire.url), let publicURL = URL(string: wire.publicURL) else { return nil }
        method = wire.method
        self.url = url
        headers = wire.headers
        form = wire.form
        self.publicURL = publicURL
        expiresIn = wire.expiresIn
    }
}
