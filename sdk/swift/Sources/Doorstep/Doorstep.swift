import Foundation

/// The client of one doorstep service. An app needs one.
public final class Doorstep: Sendable {
    public let session: Session
    public let account: Account
    private let context: FlowContext
    private let captchas: CaptchaMaker

    /// Creates a client. It reads the store with the first call.
    ///
    /// - Parameters:
    ///   - baseURL: URL of the service, with its path prefix: `https://id.example.com`.
    ///   - clientID: Id of the app, as agreed with the operator: for SMS autofill and in the access token.
    ///   - deviceName: "iPhone 17": the user recognises the device by it.
    ///   - language: Language of messages and errors: `en`, `zh`, or what the operator has added.
    ///   - store: Default: the Keychain on platforms of Apple, else memory.
    ///   - storeKey: Name of the record in the store.
    ///   - keys: Default: the Secure Enclave on platforms of Apple, else none. `nil`: sessions are not bound to a key.
    ///   - timeout: Seconds until a request counts as lost.
    ///   - onRequest: Called after each request, for a log. Requests and answers contain secrets.
    public init(
        baseURL: URL,
        clientID: String? = nil,
        deviceName: String? = nil,
        language: String? = nil,
        store: any Store = Doorstep.defaultStore(),
        storeKey: String = "doorstep",
        keys: (any KeyStore)? = Doorstep.defaultKeys(),
        timeout: TimeInterval = 15,
        transport: Transport? = nil,
        clock: any Clock = SystemClock(),
        random: RandomSource? = nil,
        solveProofOfWork: Solver? = nil,
        onRequest: (@Sendable (Exchange) -> Void)? = nil
    ) {
        let configuration = APIConfiguration(
            baseURL: withoutSlashes(baseURL.absoluteString),
            language: language,
            timeout: timeout,
            transport: transport ?? urlSession(),
            clock: clock,
            random: random ?? systemRandom,
            onRequest: onRequest
        )
        let api = API(configuration)
        let vault = Vault(store, name: storeKey)
        session = Session(api, vault, keys, configuration)
        account = Account(session, configuration)
        captchas = CaptchaMaker(api: api, solve: solveProofOfWork ?? solve)
        context = FlowContext(
            api: api, vault: vault, session: session, keys: keys, clientID: clientID, deviceName: deviceName
        )
    }

    /// Requests a captcha, and does the proof of work that the service may want: about a second, not on the main
    /// thread, and only until its task is cancelled. `theme`: `nil` is the choice of the service.
    public func captcha(kind: CaptchaKind = .image, theme: CaptchaTheme? = nil) async throws -> Captcha {
        try await captchas.make(kind: kind, theme: theme)
    }

    public func signUp() -> SignUp {
        SignUp(context)
    }

    public func signIn() -> SignIn {
        SignIn(context)
    }

    public func passwordReset() -> PasswordReset {
        PasswordReset(context)
    }

    public func reclaim() -> Reclaim {
        Reclaim(context)
    }

    public func phoneChange() -> PhoneChange {
        PhoneChange(context)
    }

    public func phoneConfirmation() -> PhoneConfirmation {
        PhoneConfirmation(context)
    }

    public func firstPassword() -> FirstPassword {
        FirstPassword(context)
    }

    public func deletion() -> Deletion {
        Deletion(context)
    }
}

extension Doorstep {
    public typealias Store = DoorstepStore
    public typealias KeyStore = DoorstepKeyStore
    public typealias DeviceKey = DoorstepDeviceKey
    public typealias Clock = DoorstepClock

    /// The store of this platform: the Keychain, or memory where there is none.
    public static func defaultStore() -> any Store {
        #if canImport(Security)
        return KeychainStore()
        #else
        return MemoryStore()
        #endif
    }

    /// The key store of this platform, `nil` where there is none.
    public static func defaultKeys() -> (any KeyStore)? {
        #if canImport(CryptoKit) && canImport(Security)
        return SecureEnclaveKeys()
        #else
        return nil
        #endif
    }
}

private func withoutSlashes(_ text: String) -> String {
    String(text.reversed().drop { $0 == "/" }.reversed())
}

private func urlSession() -> Doorstep.Transport {
    let transport = URLSessionTransport()
    return { try await transport.send($0) }
}
