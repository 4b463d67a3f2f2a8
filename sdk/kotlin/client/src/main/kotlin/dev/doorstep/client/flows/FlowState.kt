package dev.doorstep.client.flows

import dev.doorstep.client.Clock
import dev.doorstep.client.internal.StoredFlow
import dev.doorstep.client.internal.StoredQuestion
import dev.doorstep.client.internal.secondsUntil

/** Next act of the user. */
public enum class Step {
    /** Enter the number, and solve a captcha. */
    START,

    /** Enter the code. */
    CODE,

    /** Answer [FlowState.question]. */
    PROVE,

    /** Choose a password. */
    PASSWORD,

    /** Fill in the profile. */
    PROFILE,

    /** Nothing: the flow has succeeded. */
    DONE,

    /** Start again; [FlowState.endedBy] says why. */
    ENDED,

    /** Update the app, or use another way to sign in: this version does not know the step of the service. */
    UNKNOWN,
}

/** A right code was not enough: whose account is it? */
public class Question internal constructor(private val stored: StoredQuestion, private val clock: Clock) {
    /**
     * `dormant`: the account was not used for a long time. `held`: possible after [retryAfter], or when a signed-in
     * device approves. `refused`: its owner has refused. Or a reason of a newer service.
     */
    public val reason: String get() = stored.reason

    /** The act that waits: `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`. */
    public val act: String? get() = stored.act

    /** "This is not my account" is possible: `startAnew()`. */
    public val startAnew: Boolean get() = stored.startAnew

    /** Seconds until the same act is possible with a new code, now. Remind the user then. */
    public val retryAfter: Long? get() = stored.readyAt?.let { secondsUntil(it, clock.wall()) }

    override fun toString(): String = reason
}

/** State of a flow: the next act of the user, and what an app shows for it. */
public class FlowState internal constructor(
    private val data: StoredFlow,
    private val clock: Clock,
    private val expires: Long,
    private val resend: Long,
    endedBy: String?,
) {
    /** The next act of the user. */
    public val step: Step = stepOf(data.step)

    /** The step as the service names it. */
    public val serverStep: String get() = data.step

    /** The number of the code, masked. */
    public val phoneNumber: String? get() = data.phone

    /** Attempts that are left for the code. */
    public val attemptsLeft: Int? get() = data.attemptsLeft

    /** The question at [Step.PROVE]. */
    public val question: Question? = data.question?.let { Question(it, clock) }

    /** The code of the error that ended the flow. */
    public val endedBy: String? = endedBy

    /** Seconds until `resendCode()` is possible, now. */
    public fun resendIn(): Long = secondsUntil(resend, clock.monotonic())

    /** Seconds until the flow ends, now. */
    public fun expiresIn(): Long = secondsUntil(expires, clock.monotonic())

    override fun equals(other: Any?): Boolean = other is FlowState && other.parts == parts

    override fun hashCode(): Int = parts.hashCode()

    override fun toString(): String = "FlowState $step"

    private val parts get() = listOf(data, expires, resend, endedBy)
}

private const val DORMANT = "account_dormant"
private val REASONS = mapOf(DORMANT to "dormant", "act_held" to "held", "act_refused" to "refused")

internal fun stepOf(serverStep: String): Step = when (serverStep) {
    START -> Step.START
    DONE -> Step.DONE
    ENDED -> Step.ENDED
    VERIFY_CODE -> Step.CODE
    PROVE_ACCOUNT -> Step.PROVE
    "set_password" -> Step.PASSWORD
    "submit_profile" -> Step.PROFILE
    else -> Step.UNKNOWN
}

internal const val START = "start"
internal const val DONE = "done"
internal const val ENDED = "ended"
internal const val VERIFY_CODE = "verify_code"
internal const val PROVE_ACCOUNT = "prove_account"

/** Tells whether this code says that a right code was not enough. */
internal fun isQuestion(code: String): Boolean = code in REASONS

/** The question of an error, or of a status with the code of the error as its reason. */
internal fun questionOf(asked: Asked, now: Long): StoredQuestion = StoredQuestion(
    reason = REASONS[asked.code] ?: asked.code,
    act = asked.act,
    startAnew = asked.startAnew ?: (asked.code == DORMANT),
    readyAt = asked.retryAfter?.let { now + it * MILLISECONDS },
)

internal const val MILLISECONDS = 1000L
