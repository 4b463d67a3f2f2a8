import Foundation

/// An action of the user in a flow.
struct Action: Sendable {
    let operation: Operation
    /// The answer has tokens: the request needs the proof of a key.
    var signsIn = false
    /// Sends the device token of the account, where there is one.
    var device = false
    /// Called when the actions before it are answered.
    let body: @Sendable (StoredFlow) throws -> JSONObject

    init(
        _ operation: Operation,
        signsIn: Bool = false,
        device: Bool = false,
        body: @escaping @Sendable (StoredFlow) throws -> some Encodable
    ) {
        self.operation = operation
        self.signsIn = signsIn
        self.device = device
        self.body = { try JSONObject(encoding: body($0)) }
    }
}

/// A request without its idempotency key.
struct PreparedAction: Sendable {
    let operation: Operation
    let body: JSONObject
    let key: String?
}

/// Names of members of bodies.
enum Member {
    static let phoneNumber = Wire.LogIn.CodingKeys.phoneNumber.rawValue
    static let formerPhoneNumber = Wire.Reclaim.CodingKeys.formerPhoneNumber.rawValue
    static let ticket = Wire.VerifyCode.CodingKeys.ticket.rawValue
    static let code = Wire.VerifyCode.CodingKeys.code.rawValue
    static let password = Wire.LogIn.CodingKeys.password.rawValue
    static let newPassword = Wire.ChangePassword.CodingKeys.newPassword.rawValue
    static let currentPassword = Wire.ChangePassword.CodingKeys.currentPassword.rawValue
    static let deviceToken = Wire.LogIn.CodingKeys.deviceToken.rawValue
    static let deviceName = Wire.LogIn.CodingKeys.deviceName.rawValue
    static let clientID = Wire.LogIn.CodingKeys.clientID.rawValue

    static let secrets = [password, newPassword, currentPassword]
    /// The wish of the user: a retry that differs in other fields only asks for the same.
    static let subject = [phoneNumber, formerPhoneNumber, code] + secrets
}

/// Adds to an action what the device knows: its token, its key, its name.
@DoorstepActor
final class ActionMaker {
    private let context: FlowContext
    private let record: FlowRecord

    nonisolated init(_ context: FlowContext, _ record: FlowRecord) {
        self.context = context
        self.record = record
    }

    func prepare(_ action: Action) async throws -> PreparedAction {
        var body = try action.body(record.data)
        let known = try await knownDevice(body)
        let device = action.device ? known : nil
        let (key, lost) = try await chooseKey(action.signsIn, device)
        let route = action.operation.route
        if let device, !lost { body[Member.deviceToken] = .string(device.token) }
        if route.clientID { body[Member.clientID] = context.clientID.map(JSON.string) }
        if route.deviceName { body[Member.deviceName] = context.deviceName.map(JSON.string) }
        return PreparedAction(operation: action.operation, body: body, key: key)
    }

    func key(_ name: String?) async throws -> (any DoorstepDeviceKey)? {
        guard let name else { return nil }
        return try await context.keys?.get(name)
    }

    /// Deletes the key of an abandoned flow.
    func cleanKey(_ name: String?) async throws {
        guard let name else { return }
        await context.keys.clean([name], unusedIn: try await context.vault.read())
    }

    /// The device of the account whose number the user typed, now or at the start of the flow.
    private func knownDevice(_ body: JSONObject) async throws -> StoredDevice? {
        let contents = try await context.vault.read()
        guard let number = (body[Member.formerPhoneNumber] ?? body[Member.phoneNumber])?.text else {
            return contents.devices.first { $0.userId == record.data.deviceOf }
        }
        let device = contents.device(typed: number)
        record.note { $0.deviceOf = device?.userId }
        return device
    }

    /// The key of a known device, because its device token needs it; else a new key for an action that signs in.
    /// `lost`: the key of the device is gone, and its token is worth nothing.
    private func chooseKey(_ signsIn: Bool, _ device: StoredDevice?) async throws -> (key: String?, lost: Bool) {
        if let name = device?.key, try await key(name) != nil { return (name, false) }
        return (signsIn ? try await ownKey() : nil, device?.key != nil)
    }

    /// One key for all attempts of the flow. A platform that cannot store keys gets an unbound session.
    private func ownKey() async throws -> String? {
        let own = record.data.key
        guard let keys = context.keys else { return own }
        if try await key(own) != nil { return own }
        let name = try randomName(context.api.configuration.random)
        do {
            _ = try await keys.create(name)
        } catch {
            return nil
        }
        record.note { $0.key = name }
        return name
    }
}
