import Doorstep
import Foundation

typealias Members = [String: Any]

/// A command that is not in the protocol.
struct UnknownVerb: Error {
    let verb: String
}

/// One client and its flows.
@DoorstepActor
final class Driver {
    private var client: Doorstep?
    private var lastCaptcha: Doorstep.Captcha?
    private var flows: [String: Doorstep.Flow] = [:]

    nonisolated init() {}

    /// Runs the command of a line, and writes the answer.
    func answer(_ line: String) async {
        guard let command = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? Members,
              let verb = command["do"] as? String else { return }
        var message: Members = ["id": command["id"] ?? NSNull()]
        do {
            message["value"] = try await run(verb, command["with"] as? Members ?? [:])
        } catch {
            message["error"] = described(error)
        }
        if let flow = flows[target(of: verb)] { message["state"] = described(flow.state) }
        say(message)
    }

    func doorstep() throws -> Doorstep {
        guard let client else { throw UnknownVerb(verb: "open comes first") }
        return client
    }

    private func run(_ verb: String, _ parameters: Members) async throws -> Any? {
        switch target(of: verb) {
        case "open": return try open(parameters)
        case "captcha": return try await captcha(verb, parameters)
        case "session": return try await session(verb, parameters)
        case "account": return try await account(verb, parameters)
        default:
            try await callFlow(target(of: verb), String(verb.drop { $0 != "." }.dropFirst()), parameters)
            return nil
        }
    }

    private func open(_ parameters: Members) throws -> Members {
        let options = OpenOptions(parameters)
        let keys = options.keys()
        let made = Doorstep(
            baseURL: options.baseURL,
            clientID: parameters["client_id"] as? String,
            deviceName: parameters["device_name"] as? String,
            language: parameters["language"] as? String,
            store: options.store(),
            keys: keys,
            clock: options.clock()
        )
        made.session.onSignedOut { say(["event": "signed_out", "reason": $0.rawValue]) }
        client = made
        return ["protocol": 1, "language": "swift", "keys": OpenOptions.hasKeys]
    }

    private func captcha(_ verb: String, _ parameters: Members) async throws -> Members {
        let made: Doorstep.Captcha
        if verb == "captcha.refresh", let lastCaptcha {
            made = try await lastCaptcha.refresh()
        } else {
            let kind = (parameters["kind"] as? String).map(Doorstep.CaptchaKind.init(rawValue:)) ?? .image
            let theme = (parameters["theme"] as? String).map(Doorstep.CaptchaTheme.init(rawValue:))
            made = try await doorstep().captcha(kind: kind, theme: theme)
        }
        lastCaptcha = made
        return described(made)
    }

    private func callFlow(_ name: String, _ verb: String, _ parameters: Members) async throws {
        if flows[name] == nil { flows[name] = try flow(name) }
        guard let flow = flows[name], verb != "state" else { return }
        var call = FlowCall(verb: verb, parameters: parameters)
        if let answer = parameters["captcha"] as? String {
            call.captcha = try await doorstep().captcha().answered(answer)
        }
        try await call.run(on: flow)
    }

    private func flow(_ name: String) throws -> Doorstep.Flow {
        let doorstep = try doorstep()
        switch name {
        case "sign_up": return doorstep.signUp()
        case "sign_in": return doorstep.signIn()
        case "password_reset": return doorstep.passwordReset()
        case "phone_change": return doorstep.phoneChange()
        case "phone_confirmation": return doorstep.phoneConfirmation()
        case "first_password": return doorstep.firstPassword()
        case "deletion": return doorstep.deletion()
        case "reclaim": return doorstep.reclaim()
        default: throw UnknownVerb(verb: name)
        }
    }

    private func target(of verb: String) -> String {
        String(verb.prefix { $0 != "." })
    }
}

/// Writes a line. Lines of several threads do not mix.
@Sendable
func say(_ message: Members) {
    guard var line = try? JSONSerialization.data(withJSONObject: message, options: [.sortedKeys]) else { return }
    line.append(UInt8(ascii: "\n"))
    output.withLock { $0.write(line) }
}

private let output = Output()

private final class Output: @unchecked Sendable {
    private let lock = NSLock()

    func withLock(_ task: (FileHandle) -> Void) {
        lock.lock()
        defer { lock.unlock() }
        task(.standardOutput)
    }
}
