package dev.doorstep.client.internal

import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.SignedOutReason
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.RefreshTokens
import dev.doorstep.client.hasCode
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async

/** Refreshes the access token: one at a time in this process, and among processes if the store has a lock. */
internal class Refresher(
    private val api: Api,
    private val vault: Vault,
    private val memory: SessionMemory,
    private val scope: CoroutineScope,
) {
    private class Busy(val error: DoorstepException, val until: Long)

    /** The user is ending the session, for this reason: its end is no surprise. */
    var endingAs: SignedOutReason? = null
    private var busy: Busy? = null
    private var running: Deferred<String>? = null

    /** Refreshes once for all callers. Returns the access token. */
    suspend fun refresh(): String {
        val refresh = running ?: scope.async { refreshAlone() }.also { running = it }
        return refresh.await()
    }

    private suspend fun refreshAlone(): String =
        try {
            // A bound session does not rotate: its refreshes may overlap.
            if (memory.stored?.bound == true) refreshStored() else vault.exclusive("refresh") { refreshStored() }
        } finally {
            running = null
        }

    private suspend fun refreshStored(): String {
        throwIfBusy()
        for (round in 1..ROUNDS) {
            // The store is read anew: another process may have refreshed.
            val session = vault.read().session
            if (session == null) {
                memory.end(SignedOutReason.SIGNED_OUT)
                throw signedOut()
            }
            refreshOnce(session, isLast = round == ROUNDS)?.let { return it }
        }
        throw signedOut()
    }

    /** Returns `null` if another process was faster. */
    private suspend fun refreshOnce(session: StoredSession, isLast: Boolean): String? {
        val key = if (session.bound) memory.findKey(session) ?: throw memory.loseKey(session) else null
        try {
            val tokens = api.send(
                Operations.tokensRefresh,
                RefreshTokens(session.refreshToken),
                SendOptions(key = key),
            )
            // The token is stored before anybody uses the access token: a crash in between loses nothing.
            return memory.renew(session, tokens)
        } catch (error: DoorstepException) {
            if (!error.hasCode(ErrorCode.REFRESH_INVALID, ErrorCode.REFRESH_REUSED)) throw rememberBusy(error)
            refused(session, error, isLast)
            return null
        }
    }

    /** The service has said when another attempt makes sense: no widget asks earlier. */
    private fun throwIfBusy() {
        val busy = busy ?: return
        val left = secondsUntil(busy.until, api.config.clock.monotonic())
        if (left == 0L) return
        val error = busy.error
        throw DoorstepException(error.code, error.message, error.status, error.problem, retryAfter = left)
    }

    private fun rememberBusy(error: DoorstepException): DoorstepException {
        error.retryAfter?.let { busy = Busy(error, api.config.clock.monotonic() + it * MILLISECONDS) }
        return error
    }

    /** Ends the session, unless the store has another token than the refused one: another process was faster. */
    private suspend fun refused(session: StoredSession, error: DoorstepException, isLast: Boolean) {
        val isReused = error.code == ErrorCode.REFRESH_REUSED
        val reason = if (isReused) SignedOutReason.REFRESH_REUSED else SignedOutReason.SESSION_ENDED
        memory.stored = session
        memory.end(endingAs ?: reason, session.refreshToken)
        if (memory.stored == null || isLast) throw signedOut(error)
    }

    private fun signedOut(cause: DoorstepException? = null) = DoorstepException(
        ErrorCode.SIGNED_OUT,
        "no session on this device: sign in",
        cause?.status ?: 0,
        cause = cause,
    )

    private companion object {
        /** Number of times that a refresh starts again because another process was faster. */
        const val ROUNDS = 5
        const val MILLISECONDS = 1000L
    }
}
