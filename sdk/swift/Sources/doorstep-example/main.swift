// Signs up, or signs in again, with the client, asking on the terminal: swift run doorstep-example [URL]
// `cargo run` in the repository of doorstep starts a service on http://127.0.0.1:8080. There every captcha has the
// answer `letmein`, and http://127.0.0.1:8080/dev/messages shows the messages.

import Doorstep
import Foundation

func ask(_ question: String) -> String {
    print(question, terminator: ": ")
    guard let answer = readLine() else { exit(0) }
    return answer
}

func nextStep(of flow: Doorstep.SignUp, _ doorstep: Doorstep) async throws {
    switch flow.state.step {
    case .start, .ended:
        let captcha = try await doorstep.captcha()
        let picture = FileManager.default.temporaryDirectory.appendingPathComponent("captcha.png")
        try captcha.image?.write(to: picture)
        let phoneNumber = ask("Phone number")
        let answer = ask("\(captcha.prompt) (\(picture.path))")
        try await flow.sendCode(phoneNumber: phoneNumber, captcha: captcha.answered(answer))
    case .code:
        let left = flow.state.attemptsLeft ?? 0
        try await flow.verifyCode(ask("Code for \(flow.state.phoneNumber ?? "your number"), \(left) attempts left"))
    case .password:
        try await flow.setPassword(ask("New password"))
    case .profile:
        try await flow.submitProfile(nickname: ask("Nickname"))
    case .prove:
        print("The number has an account: this example only signs up.")
        try await flow.cancel()
    case .done, .unknown:
        print("Please update this program.")
        exit(1)
    }
}

func signUp(_ doorstep: Doorstep) async throws {
    let flow = doorstep.signUp()
    try await flow.resume()
    while try await doorstep.session.restore() != .signedIn {
        do {
            try await nextStep(of: flow, doorstep)
        } catch let error as DoorstepError {
            print(error.userMessage)
            error.fields.forEach { print("  \($0.field): \($0.detail)") }
        }
    }
}

let address = CommandLine.arguments.dropFirst().first ?? "http://127.0.0.1:8080"
guard let url = URL(string: address) else { fatalError("not a URL: \(address)") }
let folder = FileManager.default.temporaryDirectory.appendingPathComponent("doorstep-example")
let doorstep = Doorstep(baseURL: url, deviceName: "Terminal", store: FileStore(folder: folder), keys: nil)
try await signUp(doorstep)
let user = try await doorstep.account.me()
print("Signed in as \(user.nickname), \(user.phoneNumber ?? "without a number").")
if ask("Sign out? (y/n)") == "y" { try await doorstep.session.signOut() }
