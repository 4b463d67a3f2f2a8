package dev.doorstep.client

import dev.doorstep.client.generated.Problem
import dev.doorstep.client.generated.textOf

/**
 * Error of the client. Branch on [code], and give a code that you do not know the text of [userMessage].
 *
 * @property code One of [ErrorCode], or the code of a newer service.
 * @property message A sentence of the service, in the language of the client where it comes from the service.
 * @property status HTTP status, 0 where no answer came.
 * @property retryAfter Seconds until another attempt makes sense.
 */
public class DoorstepException internal constructor(
    public val code: String,
    override val message: String,
    public val status: Int = 0,
    internal val problem: Problem? = null,
    public val retryAfter: Long? = null,
    unanswered: Boolean = false,
    cause: Throwable? = null,
) : RuntimeException(message, cause) {
    /** The service may have done what was asked: the client repeats the same action at the next call. */
    public var unanswered: Boolean = unanswered
        internal set

    /** The language of the client. */
    @Volatile
    internal var language: String? = null

    /** Next act of the app: one of few words for all codes, also for those of a newer service. */
    public val next: Next
        get() = when (code) {
            ErrorCode.NETWORK, ErrorCode.INVALID_ANSWER -> NEXT_AFTER_NOTHING
            ErrorCode.SIGNED_OUT, ErrorCode.KEY_LOST -> Next.SIGN_IN
            ErrorCode.USER_CHANGED -> Next.RELOAD
            else -> nextAfter(code)
        }

    /** A sentence for the user: in Chinese if that is the language of the client, else in English. */
    public val userMessage: String
        get() {
            val text = textOf(code)
            return if (isChinese(language)) text.zh else text.en
        }

    /** Attempts that are left for a code. */
    public val attemptsLeft: Int? get() = problem?.attemptsLeft?.toInt()

    /** Fields that the service refused. */
    public val fields: List<FieldProblem>
        get() = problem?.errors.orEmpty().map { FieldProblem(it.field, it.pointer, it.code, it.detail.orEmpty()) }

    /** Documents that the user must accept, with [ErrorCode.CONSENT_REQUIRED]. */
    public val documents: List<String> get() = problem?.documents.orEmpty()

    /** Id for bug reports: the log of the service has it, too. */
    public val requestId: String? get() = problem?.requestId

    override fun toString(): String = "DoorstepException: $code: $message"
}

/**
 * A field of the body that the service refused.
 *
 * @property field Name on the wire: `captcha_answer`.
 * @property pointer JSON pointer to the field: `#/proof_of_work/nonce`.
 * @property detail A sentence, in the language of the client.
 */
public class FieldProblem internal constructor(
    public val field: String,
    public val pointer: String?,
    public val code: String,
    public val detail: String,
) {
    override fun toString(): String = "$field: $code"
}

/** Tells whether an error has one of these codes. */
internal fun Throwable.hasCode(vararg codes: String): Boolean = this is DoorstepException && code in codes

private fun isChinese(language: String?): Boolean {
    val primary = language.orEmpty().substringBefore(',').trim().split('-', '_', ';').first()
    return primary.equals("zh", ignoreCase = true)
}
