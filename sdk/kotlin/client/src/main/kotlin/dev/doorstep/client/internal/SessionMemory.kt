package dev.doorstep.client.internal

import dev.doorstep.client.DeviceKey
import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.Listeners
import dev.doorstep.client.SessionState
import dev.doorstep.client.SignedOutReason
import dev.doorstep.client.generated.SignedIn
import dev.doorstep.client.generated.Tokens
import dev.doorstep.client.generated.User
import dev.doorstep.client.name
import kotlinx.coroutines.flow.MutableStateFlow

/** The session in memory and in the store, and who wants to know of its changes. */
internal class SessionMemory(private val api: Api, private val vault: Vault, private val keys: Keys) {
    /**
     * An access token, in memory only. The user may set the clock of the device, and the monotonic one may stop while
     * the device sleeps: the earlier of both ends counts.
     */
    private class Access(val session: String, val token: String, val expiresAt: Long, val expiresAtWall: Long)

    val states = MutableStateFlow(SessionState.RESTORING)
    val signedOut = Listeners<SignedOutReason>()
    val changed = Listeners<SessionState>()

    @Volatile
    var stored: StoredSession? = null
    private var access: Access? = null
    private val clock get() = api.config.clock

    suspend fun load() {
        val session = vault.read().session
        if (states.value != SessionState.RESTORING) return
        when {
            session == null -> clear()
            session.bound && findKey(session) == null -> loseKey(session)
            else -> adopt(session)
        }
    }

    /** The access token, if it is valid for this time in seconds. */
    fun token(minTtl: Long): String? {
        val access = access?.takeIf { it.session == stored?.id } ?: return null
        val left = minOf(access.expiresAt - clock.monotonic(), access.expiresAtWall - clock.wall())
        return access.token.takeIf { left >= minTtl * MILLISECONDS }
    }

    fun forgetToken() {
        access = null
    }

    /** Stores the tokens of a sign-in, its device token and the end of its flow, in one write. */
    suspend fun begin(answer: SignedIn, facts: SignInFacts) {
        val id = api.config.random.name()
        var names = emptySet<String>()
        val contents = vault.update { contents ->
            names = contents.keyNames()
            contents.withSession(answer, id, facts)
        }
        contents.session?.let { adopt(it, answer.accessToken, answer.expiresIn) }
        keys.clean(contents, names + facts.key)
    }

    /** Stores renewed tokens, unless the session has gone on or ended meanwhile. Returns the access token. */
    suspend fun renew(session: StoredSession, tokens: Tokens, flow: String? = null): String? {
        val contents = vault.update { contents ->
            val now = contents.session
            val isSame = now?.id == session.id && now.refreshToken == session.refreshToken
            val renewed = if (isSame) now.copy(refreshToken = tokens.refreshToken) else now
            contents.copy(session = renewed, flows = contents.flows - listOfNotNull(flow).toSet())
        }
        val now = contents.session?.takeIf { it.id == session.id } ?: return null
        adopt(now, tokens.accessToken, tokens.expiresIn)
        return tokens.accessToken
    }

    /** Stores what the service says about the account. */
    suspend fun setUser(user: User, flow: String? = null) {
        val contents = vault.update { contents ->
            val now = contents.session
            val changed = if (now?.user?.id == user.id) now.copy(user = user) else now
            contents.copy(session = changed, flows = contents.flows - listOfNotNull(flow).toSet())
        }
        contents.session?.takeIf { it.id == stored?.id }?.let { adopt(it) }
    }

    /** Removes the session from this device, and tells the app. */
    suspend fun end(reason: SignedOutReason, token: String? = null, forgetDevice: Boolean = false) {
        val lost = stored
        val ending = Ending(reason, lost?.id, token, forgetDevice)
        val contents = vault.update { it.withoutSession(ending) }
        contents.session?.let { return adopt(it) }
        clear()
        if (lost == null) return
        // Another process may have ended it, for a reason of its own.
        val ended = contents.ended
        signedOut.emit(if (ended?.session == lost.id) ended.reason else reason)
        keys.clean(contents, listOf(lost.key))
    }

    /** Keeps the tokens: the key may be back at the next start, and the user may see whose session it was. */
    fun loseKey(session: StoredSession): DoorstepException {
        stored = session
        access = null
        become(SessionState.KEY_LOST)
        return DoorstepException(
            ErrorCode.KEY_LOST,
            "the key of this session is not on this device any more: sign in again",
        )
    }

    suspend fun findKey(session: StoredSession): DeviceKey? = keys.get(session.key)

    private fun adopt(session: StoredSession, token: String, expiresIn: Long) {
        val life = expiresIn * MILLISECONDS
        access = Access(session.id, token, clock.monotonic() + life, clock.wall() + life)
        adopt(session)
    }

    private fun adopt(session: StoredSession) {
        val isOther = states.value == SessionState.SIGNED_IN && stored?.user?.id != session.user.id
        stored = session
        if (isOther) changed.emit(SessionState.SIGNED_IN)
        become(SessionState.SIGNED_IN)
    }

    private fun clear() {
        stored = null
        access = null
        become(SessionState.SIGNED_OUT)
    }

    private fun become(state: SessionState) {
        if (states.value == state) return
        states.value = state
        changed.emit(state)
    }

    private companion object {
        const val MILLISECONDS = 1000L
    }
}
