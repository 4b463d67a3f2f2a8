import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif
import Doorstep

// The blocks of README.md, as they are there. `ReadmeTests` compares and runs them.

enum ReadmeExamples {
    static let shown = Collected<String>()

    static func create() -> Doorstep {
        let doorstep = Doorstep(
            baseURL: URL(string: "https://id.example.com")!,
            deviceName: "iPhone 17", // the user sees it in the list of devices
            language: Locale.preferredLanguages.first // of messages and errors
        )
        return doorstep
    }

    static func signUp(_ doorstep: Doorstep) async throws {
        let captcha = try await doorstep.captcha(theme: .light)
        show(captcha.image) // captcha.prompt is the sentence above it, captcha.input the keyboard

        let flow = doorstep.signUp()
        flow.onChange { state in show(state) } // or take the state that each method returns
        try await flow.sendCode(phoneNumber: "138 0013 8000", captcha: captcha.answered("ADEHLM"))
        try await flow.verifyCode("042137")
        try await flow.setPassword("correct horse battery")
        try await flow.submitProfile(nickname: "Ada")
        print(doorstep.session.user?.nickname ?? "") // Ada
    }

    static func resume(_ doorstep: Doorstep) async throws -> Doorstep.FlowState {
        let flow = doorstep.signUp()
        try await flow.resume() // `.start` if nothing was open
        return flow.state
    }

    static func signIn(
        _ doorstep: Doorstep,
        phoneNumber: String,
        password: String,
        captcha: Doorstep.CaptchaAnswer,
        code: String
    ) async throws {
        let flow = doorstep.signIn()
        try await flow.withPassword(phoneNumber: phoneNumber, password: password)

        // Or with a code. A known device needs no captcha.
        try await flow.sendCode(phoneNumber: phoneNumber, captcha: captcha)
        try await flow.verifyCode(code)
    }

    static func callAPI(_ doorstep: Doorstep) async throws -> URLRequest {
        var request = URLRequest(url: URL(string: "https://api.example.com/orders")!)
        request.setValue("Bearer \(try await doorstep.session.accessToken())", forHTTPHeaderField: "Authorization")
        return request
    }

    static func useSession(_ doorstep: Doorstep) async throws {
        doorstep.session.onSignedOut { reason in showSignIn(reason) } // or: `for await` over `signOuts`
        try await doorstep.session.restore() // .signedIn, .signedOut or .keyLost; needs no network
        try await doorstep.account.update(nickname: "Ada", clear: [.birthday])
        try await doorstep.session.signOut()
    }

    static func handleErrors(_ flow: Doorstep.SignIn, code: String) async throws {
        do {
            try await flow.verifyCode(code)
        } catch let error as DoorstepError {
            switch error.code {
            case .codeWrong: show("Wrong code, \(error.attemptsLeft ?? 0) attempts left")
            case .network: show("No connection. Please try again.") // the same call goes on
            default: show(error.userMessage)
            }
        }
    }

    #if canImport(CryptoKit) && canImport(Security)
    static func share() -> Doorstep {
        let group = "TEAMID.com.example.shared"
        let container = FileManager.default.containerURL(forSecurityApplicationGroupIdentifier: "group.com.example")
        let doorstep = Doorstep(
            baseURL: URL(string: "https://id.example.com")!,
            store: KeychainStore(accessGroup: group, lockFolder: container),
            keys: SecureEnclaveKeys(accessGroup: group)
        )
        return doorstep
    }
    #endif

    private static func show(_ image: Data?) {
        shown.add("\(image?.count ?? 0 > 100)")
    }

    private static func show(_ state: Doorstep.FlowState) {
        shown.add(state.step.rawValue)
    }

    private static func show(_ text: String) {
        shown.add(text)
    }

    private static func showSignIn(_ reason: Doorstep.SignedOutReason) {
        shown.add(reason.rawValue)
    }
}
