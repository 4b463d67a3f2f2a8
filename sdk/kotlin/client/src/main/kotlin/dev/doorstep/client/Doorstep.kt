package dev.doorstep.client

import dev.doorstep.client.flows.Deletion
import dev.doorstep.client.flows.FirstPassword
import dev.doorstep.client.flows.PasswordReset
import dev.doorstep.client.flows.PhoneChange
import dev.doorstep.client.flows.PhoneConfirmation
import dev.doorstep.client.flows.Reclaim
import dev.doorstep.client.flows.SignIn
import dev.doorstep.client.flows.SignUp
import dev.doorstep.client.internal.Api
import dev.doorstep.client.internal.ApiConfig
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.Keys
import dev.doorstep.client.internal.Uploads
import dev.doorstep.client.internal.Vault
import okhttp3.HttpUrl.Companion.toHttpUrl

/**
 * Options of a client.
 *
 * @property baseUrl URL of the service, with its path prefix: `https://id.example.com`.
 */
public class DoorstepOptions(public val baseUrl: String) {
    /** Id of the app, as agreed with the operator: for SMS autofill and in the access token. */
    public var clientId: String? = null

    /** "Pixel 10": the user recognises the device by it. */
    public var deviceName: String? = null

    /** Language of messages and errors: `en`, `zh`, or what the operator has added. */
    public var language: String? = null

    /** Place of the record. Without another one the session ends with the process. */
    public var store: Store = MemoryStore()

    /** Name of the record in the store. */
    public var storeKey: String = "doorstep"

    /** Keys of the device. `null`: sessions are not bound to a key. */
    public var keys: KeyStore? = null

    /** Milliseconds until a request counts as lost. */
    public var timeout: Long = 15_000

    /** The way to the service. */
    public var transport: Transport = OkHttpTransport()

    /** Clock of tests. */
    public var clock: Clock = SystemClock

    /** Source of names and keys. */
    public var random: RandomSource = SystemRandom

    /** The way to a proof of work. */
    public var solveProofOfWork: ProofOfWorkSolver = CpuSolver

    /** Receives each request after its answer, for a log. Requests and answers contain secrets. */
    public var onRequest: RequestListener? = null
}

/**
 * The client of one doorstep service. An app needs one, as long as it runs. Every function can be called on every
 * thread, also on the main thread of Android; none of them blocks it.
 */
public class Doorstep(options: DoorstepOptions) {
    /** A client with options: `Doorstep("https://id.example.com") { deviceName = "Pixel 10" }`. */
    public constructor(baseUrl: String, configure: DoorstepOptions.() -> Unit = {}) :
        this(DoorstepOptions(baseUrl).apply(configure))

    private val client = clientOf(options)
    private val captchas = Captchas(client, options.solveProofOfWork)

    /** The session of this device. */
    public val session: Session = Session(client)

    /** The account of the session. */
    public val account: Account = Account(client, session, uploadsOf(options))

    /** Requests a captcha, and does the proof of work that the service may want. [theme]: `null` is its choice. */
    public suspend fun captcha(kind: CaptchaKind = CaptchaKind.IMAGE, theme: CaptchaTheme? = null): Captcha =
        captchas.create(kind, theme)

    /** A new account. */
    public fun signUp(): SignUp = SignUp(client, session)

    /** A session for an account. */
    public fun signIn(): SignIn = SignIn(client, session)

    /** A new password by code. */
    public fun passwordReset(): PasswordReset = PasswordReset(client, session)

    /** "My number has changed." */
    public fun reclaim(): Reclaim = Reclaim(client, session)

    /** Another number for the account of the session. */
    public fun phoneChange(): PhoneChange = PhoneChange(client, session)

    /** "Is this still your number?" */
    public fun phoneConfirmation(): PhoneConfirmation = PhoneConfirmation(client, session)

    /** A password for an account without one. */
    public fun firstPassword(): FirstPassword = FirstPassword(client, session)

    /** The deletion of an account. */
    public fun deletion(): Deletion = Deletion(client, session)

    private fun clientOf(options: DoorstepOptions): Client {
        // A mistyped URL is an error here, and not a network that never answers.
        options.baseUrl.toHttpUrl()
        val config = ApiConfig(
            baseUrl = options.baseUrl,
            language = options.language,
            timeout = options.timeout,
            transport = options.transport,
            clock = options.clock,
            random = options.random,
            onRequest = options.onRequest,
        )
        val vault = Vault(options.store, options.storeKey)
        return Client(Api(config), vault, Keys(options.keys), options.clientId, options.deviceName)
    }

    private fun uploadsOf(options: DoorstepOptions) =
        Uploads(options.transport as? OkHttpTransport ?: OkHttpTransport(), options.timeout)
}
