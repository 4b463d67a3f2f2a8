package dev.doorstep.client.internal

import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.generated.Fields
import dev.doorstep.client.generated.Operation
import kotlinx.serialization.json.JsonObject
import kotlin.random.Random

/** Counts the attempts of one call, and says when the next one follows. */
internal class Retries(operation: Operation<*>, body: JsonObject?, idempotencyKey: String?) {
    private val repeatable = operation.method != "POST" || !operation.idempotencyKey || idempotencyKey != null

    /** A captcha allows one attempt: the same body would fail. */
    private val usesCaptcha = body != null && Fields.CAPTCHA_ID in body
    private var lost = 0
    private var busy = 0
    private var inProgress = 0
    private var nonces = 0

    /** Milliseconds before the next attempt, `null` for none. */
    fun pauseAfter(error: DoorstepException): Long? {
        if (error.code == ErrorCode.USE_DPOP_NONCE && nonces++ < NONCE_ATTEMPTS) return 0
        if (error.code == ErrorCode.REQUEST_IN_PROGRESS && inProgress++ < IN_PROGRESS_ATTEMPTS) return waitOf(error)
        return when {
            !repeatable -> null
            error.code == ErrorCode.NETWORK || isFromProxy(error) -> pauseAfterLost()
            usesCaptcha || error.code !in BUSY || (error.retryAfter ?: Long.MAX_VALUE) > SHORT_WAIT -> null
            else -> if (busy++ < BUSY_ATTEMPTS) waitOf(error) else null
        }
    }

    /** Not all clients send at the same moment after an outage. */
    private fun pauseAfterLost(): Long? {
        val pause = PAUSES.getOrNull(lost++) ?: return null
        return (pause * (MIN_SHARE + Random.nextDouble() / 2)).toLong()
    }

    private fun waitOf(error: DoorstepException) = (error.retryAfter ?: 1) * MILLISECONDS

    private companion object {
        /** Pauses before the second, third and fourth attempt of a request that got no answer, in milliseconds. */
        val PAUSES = listOf(300, 1000, 2000)
        const val MIN_SHARE = 0.75
        const val MILLISECONDS = 1000L

        /** The longest `Retry-After` that the client waits for by itself, in seconds. */
        const val SHORT_WAIT = 3
        val BUSY = setOf(ErrorCode.OVERLOADED, ErrorCode.DEPENDENCY_UNAVAILABLE, ErrorCode.TOO_MANY_REQUESTS)
        const val BUSY_ATTEMPTS = 2
        const val NONCE_ATTEMPTS = 2

        /** Attempts while the first request with the same key is running; about 20 s if its process died. */
        const val IN_PROGRESS_ATTEMPTS = 25
    }
}
