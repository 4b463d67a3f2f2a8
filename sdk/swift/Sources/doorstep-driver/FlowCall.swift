import Doorstep
import Foundation

/// One call of a flow, as a line describes it.
struct FlowCall {
    let verb: String
    let parameters: Members
    var captcha: Doorstep.CaptchaAnswer?

    init(verb: String, parameters: Members) {
        self.verb = verb
        self.parameters = parameters
        if let solved = parameters["captcha"] as? [String: String] {
            captcha = .init(id: solved["id"] ?? "", answer: solved["answer"] ?? "")
        }
    }

    @DoorstepActor
    func run(on flow: Doorstep.Flow) async throws {
        if verb == "resume" {
            try await flow.resume()
            return
        }
        if verb == "resend_code", let flow = flow as? Doorstep.CodeFlow {
            try await flow.resendCode()
            return
        }
        switch flow {
        case let flow as Doorstep.SignUp: try await run(flow)
        case let flow as Doorstep.SignIn: try await run(flow)
        case let flow as Doorstep.PasswordReset: try await run(flow)
        case let flow as Doorstep.Reclaim: try await run(flow)
        case let flow as Doorstep.PhoneChange: try await run(flow)
        case let flow as Doorstep.PhoneConfirmation: try await run(flow)
        case let flow as Doorstep.FirstPassword: try await run(flow)
        case let flow as Doorstep.Deletion: try await run(flow)
        default: throw UnknownVerb(verb: verb)
        }
    }

    private func text(_ name: String) throws -> String {
        guard let text = parameters[name] as? String else { throw UnknownVerb(verb: "\(verb) without \(name)") }
        return text
    }

    private func optional(_ name: String) -> String? {
        parameters[name] as? String
    }

    private func solved() throws -> Doorstep.CaptchaAnswer {
        guard let captcha else { throw UnknownVerb(verb: "\(verb) without captcha") }
        return captcha
    }

    private var accepted: [String]? {
        parameters["accepted"] as? [String]
    }
}

@DoorstepActor
extension FlowCall {
    private func runAccountVerb(_ flow: Doorstep.AccountFlow) async throws {
        switch verb {
        case "start_anew": try await flow.startAnew(accepted: accepted)
        case "set_password": try await flow.setPassword(text("password"))
        case "submit_profile":
            try await flow.submitProfile(
                nickname: text("nickname"),
                gender: optional("gender").map(Doorstep.Gender.init(rawValue:)),
                birthday: optional("birthday")
            )
        default: throw UnknownVerb(verb: verb)
        }
    }

    private func run(_ flow: Doorstep.SignUp) async throws {
        switch verb {
        case "send_code":
            try await flow.sendCode(phoneNumber: text("phone_number"), captcha: solved(), accepted: accepted)
        case "verify_code": try await flow.verifyCode(text("code"))
        default: try await runAccountVerb(flow)
        }
    }

    private func run(_ flow: Doorstep.SignIn) async throws {
        switch verb {
        case "with_password":
            try await flow.withPassword(
                phoneNumber: text("phone_number"), password: text("password"), captcha: captcha
            )
        case "send_code": try await flow.sendCode(phoneNumber: text("phone_number"), captcha: captcha)
        case "verify_code": try await flow.verifyCode(text("code"))
        case "claim": try await flow.claim(password: optional("password"))
        default: try await runAccountVerb(flow)
        }
    }

    private func run(_ flow: Doorstep.PasswordReset) async throws {
        switch verb {
        case "send_code": try await flow.sendCode(phoneNumber: text("phone_number"), captcha: captcha)
        case "verify_code": try await flow.verifyCode(text("code"))
        default: try await runAccountVerb(flow)
        }
    }

    private func run(_ flow: Doorstep.Reclaim) async throws {
        switch verb {
        case "send_code":
            try await flow.sendCode(
                formerPhoneNumber: text("former_phone_number"),
                phoneNumber: text("phone_number"),
                password: optional("password"),
                captcha: solved()
            )
        case "verify_code": try await flow.verifyCode(text("code"))
        default: throw UnknownVerb(verb: verb)
        }
    }

    private func run(_ flow: Doorstep.PhoneChange) async throws {
        switch verb {
        case "send_code":
            try await flow.sendCode(phoneNumber: text("phone_number"), currentPassword: optional("current_password"))
        case "verify_code": try await flow.verifyCode(text("code"))
        default: throw UnknownVerb(verb: verb)
        }
    }

    private func run(_ flow: Doorstep.PhoneConfirmation) async throws {
        switch verb {
        case "send_code": try await flow.sendCode()
        case "verify_code": try await flow.verifyCode(text("code"))
        default: throw UnknownVerb(verb: verb)
        }
    }

    private func run(_ flow: Doorstep.FirstPassword) async throws {
        switch verb {
        case "send_code": try await flow.sendCode()
        case "set_password": try await flow.setPassword(code: text("code"), password: text("password"))
        default: throw UnknownVerb(verb: verb)
        }
    }

    private func run(_ flow: Doorstep.Deletion) async throws {
        switch verb {
        case "with_password": try await flow.withPassword(text("password"))
        case "send_code":
            if let phoneNumber = optional("phone_number") {
                try await flow.sendCode(phoneNumber: phoneNumber, captcha: solved())
            } else {
                try await flow.sendCode()
            }
        case "verify_code": try await flow.verifyCode(text("code"))
        default: try await runAccountVerb(flow)
        }
    }
}
