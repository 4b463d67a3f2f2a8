package dev.doorstep.client.blocking

import dev.doorstep.client.Captcha
import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.CaptchaKind
import dev.doorstep.client.CaptchaTheme
import dev.doorstep.client.Doorstep
import dev.doorstep.client.DoorstepOptions

/**
 * The client for Java, and for programs without coroutines: every call waits for its result. Use it on threads that may
 * wait, and not on the main thread of Android. An interrupted thread stops waiting with a
 * [java.util.concurrent.CancellationException]; the action goes on.
 *
 * @property suspending The same client for coroutines.
 */
public class BlockingDoorstep(public val suspending: Doorstep) {
    /** A client with these options. */
    public constructor(options: DoorstepOptions) : this(Doorstep(options))

    /** The session of this device. */
    public val session: BlockingSession = BlockingSession(suspending.session)

    /** The account of the session. */
    public val account: BlockingAccount = BlockingAccount(suspending.account)

    /** Requests a captcha, and does the proof of work that the service may want. [theme]: `null` is its choice. */
    @JvmOverloads
    public fun captcha(kind: CaptchaKind = CaptchaKind.IMAGE, theme: CaptchaTheme? = null): BlockingCaptcha =
        BlockingCaptcha(wait { suspending.captcha(kind, theme) })

    /** A new account. */
    public fun signUp(): BlockingSignUp = BlockingSignUp(suspending.signUp())

    /** A session for an account. */
    public fun signIn(): BlockingSignIn = BlockingSignIn(suspending.signIn())

    /** A new password by code. */
    public fun passwordReset(): BlockingPasswordReset = BlockingPasswordReset(suspending.passwordReset())

    /** "My number has changed." */
    public fun reclaim(): BlockingReclaim = BlockingReclaim(suspending.reclaim())

    /** Another number for the account of the session. */
    public fun phoneChange(): BlockingPhoneChange = BlockingPhoneChange(suspending.phoneChange())

    /** "Is this still your number?" */
    public fun phoneConfirmation(): BlockingPhoneConfirmation =
        BlockingPhoneConfirmation(suspending.phoneConfirmation())

    /** A password for an account without one. */
    public fun firstPassword(): BlockingFirstPassword = BlockingFirstPassword(suspending.firstPassword())

    /** The deletion of an account. */
    public fun deletion(): BlockingDeletion = BlockingDeletion(suspending.deletion())
}

/**
 * A captcha: show it, and send its [answer] with the code request.
 *
 * @property content What to show.
 */
public class BlockingCaptcha internal constructor(public val content: Captcha) {
    /** The entry of the user, for the methods of the flows. */
    public fun answer(text: String): CaptchaAnswer = content.answer(text)

    /** Another captcha of the same kind in place of this one. */
    public fun refresh(): BlockingCaptcha = BlockingCaptcha(wait { content.refresh() })
}

/** The same client for threads that may wait. */
public fun Doorstep.blocking(): BlockingDoorstep = BlockingDoorstep(this)
