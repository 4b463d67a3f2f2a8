package dev.doorstep.client

import dev.doorstep.client.generated.ChangePassword
import dev.doorstep.client.generated.DeleteMe
import dev.doorstep.client.generated.LogOut
import dev.doorstep.client.generated.Operation
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.generated.RequestBody
import dev.doorstep.client.generated.SignedIn
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.Refresher
import dev.doorstep.client.internal.SendOptions
import dev.doorstep.client.internal.SessionMemory
import dev.doorstep.client.internal.SignInFacts
import dev.doorstep.client.internal.read
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.serialization.json.JsonObject
import dev.doorstep.client.generated.User as WireUser

/** State of a session. */
public enum class SessionState {
    /** The store is not read yet. */
    RESTORING,
    SIGNED_OUT,
    SIGNED_IN,

    /** Signed in, but the key of the session is gone: sign in again. */
    KEY_LOST,
}

/** The session of this device: gives access tokens, and refreshes them when needed. */
public class Session internal constructor(private val client: Client) {
    private val memory = SessionMemory(client.api, client.vault, client.keys)
    private val refresher = Refresher(client.api, client.vault, memory, client.scope)
    private var restoring: Deferred<Unit>? = null

    /** The state now. */
    public val state: SessionState get() = memory.states.value

    /** The state, and each change of it. */
    public val states: StateFlow<SessionState> = memory.states.asStateFlow()

    /** The account as the service described it last. */
    public val user: User? get() = memory.stored?.let { User.of(it.user) }

    /** `true` if a copy of the refresh token is worth nothing (DPoP). */
    public val bound: Boolean get() = memory.stored?.bound ?: false

    /** Adds a listener for the end of the session. */
    public fun onSignedOut(listener: Listener<SignedOutReason>): Subscription = memory.signedOut.add(listener)

    /** Adds a listener for changes of [state], and for another user who has signed in, perhaps in another process. */
    public fun onChange(listener: Listener<SessionState>): Subscription = memory.changed.add(listener)

    /** Reads the store. Needs no network. Every other call does this by itself. */
    public suspend fun restore(): SessionState = client.run { load() }

    /**
     * An access token that is valid for at least [minTtl] seconds, for the calls to your own back end. Needs no network
     * if it is in memory.
     */
    public suspend fun accessToken(minTtl: Long = DEFAULT_TTL): String = client.run { token(minTtl) }

    /**
     * Signs this device out, also without a network. With [everywhere], signs all devices out: this needs the service,
     * and the device stays signed in if it does not answer. With [forgetDevice], the device is not known any more.
     */
    public suspend fun signOut(everywhere: Boolean = false, forgetDevice: Boolean = false): Unit = client.run {
        if (load() != SessionState.SIGNED_OUT && logOut(everywhere, forgetDevice)) {
            memory.end(SignedOutReason.SIGNED_OUT, forgetDevice = forgetDevice || everywhere)
        }
    }

    internal suspend fun load(): SessionState {
        val loading = restoring ?: client.scope.async { memory.load() }.also { restoring = it }
        try {
            loading.await()
        } catch (error: Throwable) {
            if (restoring === loading) restoring = null
            throw error
        }
        return state
    }

    /** Sends an operation of the API with an access token. */
    internal suspend fun <T> call(
        operation: Operation<T>,
        body: RequestBody? = null,
        options: SendOptions = SendOptions(),
    ): T = exchange(operation, body?.toJson(), options, operation::read)

    /** Sends an operation of the API with an access token, and reads its answer with [read]. */
    internal suspend fun <T> exchange(
        operation: Operation<*>,
        body: JsonObject?,
        options: SendOptions,
        read: (JsonObject) -> T,
    ): T {
        val random = client.api.config.random
        val idempotencyKey = options.idempotencyKey ?: if (operation.idempotencyKey) random.name() else null
        val send: suspend (String) -> T = { token ->
            val complete = options.copy(idempotencyKey = idempotencyKey, accessToken = token)
            client.api.exchange(operation, body, complete, read)
        }
        val before = memory.stored?.user?.id
        val token = token(DEFAULT_TTL)
        val user = before ?: memory.stored?.user?.id
        try {
            return send(sameUser(user, token))
        } catch (error: DoorstepException) {
            if (!error.hasCode(ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID, ErrorCode.TOKEN_MISSING)) throw error
            // Another call may have refreshed meanwhile.
            val now = memory.token(0)
            val renewed = if (now != null && now != token) now else refresher.refresh()
            return send(sameUser(user, renewed))
        }
    }

    /** Stores a sign-in. */
    internal suspend fun begin(answer: SignedIn, facts: SignInFacts) {
        memory.begin(answer, facts)
        restoring = CompletableDeferred(Unit)
    }

    /** Stores what the service says about the account. */
    internal suspend fun setUser(user: WireUser, flow: String? = null): User {
        memory.setUser(user, flow)
        return User.of(user)
    }

    /** Changes the password and stores the new tokens. Nothing refreshes meanwhile. */
    internal suspend fun changePassword(body: JsonObject, options: SendOptions, flow: String? = null) {
        load()
        val user = memory.stored?.user?.id
        try {
            sendPassword(body, options, user, flow)
        } catch (error: DoorstepException) {
            if (!error.hasCode(ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID)) throw error
            memory.forgetToken()
            sendPassword(body, options, user, flow)
        }
    }

    /** Deletes the account. */
    internal suspend fun delete(body: JsonObject, unanswered: Boolean) {
        // After a lost answer, the end of the session is the success of the deletion.
        val deleted = { refresher.endingAs = SignedOutReason.ACCOUNT_DELETED }
        if (unanswered) deleted()
        try {
            val options = SendOptions(unanswered = unanswered, onLost = deleted)
            exchange(Operations.deletionConfirm, body, options) { }
        } catch (error: DoorstepException) {
            if (refresher.endingAs == null || error.code != ErrorCode.SIGNED_OUT) throw error
        } finally {
            refresher.endingAs = null
        }
        memory.end(SignedOutReason.ACCOUNT_DELETED, forgetDevice = true)
    }

    private suspend fun token(minTtl: Long): String {
        load()
        return memory.token(minTtl) ?: refresher.refresh()
    }

    private suspend fun sendPassword(body: JsonObject, options: SendOptions, user: String?, flow: String?) {
        val accessToken = sameUser(user, token(CHANGE_TTL))
        client.vault.exclusive("refresh") {
            val session = client.vault.read().session
            val operation = Operations.meChangePassword
            val sent = options.copy(accessToken = accessToken)
            val tokens = client.api.exchange(operation, body, sent, operation::read)
            session?.let { memory.renew(it, tokens, flow) }
        }
    }

    /** Returns `false` if another user has signed in meanwhile, whose session stays. */
    private suspend fun logOut(everywhere: Boolean, forgetDevice: Boolean): Boolean {
        refresher.endingAs = SignedOutReason.SIGNED_OUT
        try {
            val body = LogOut(everywhere = true.takeIf { everywhere }, forgetDevice = true.takeIf { forgetDevice })
            call(Operations.sessionsLogOut, body)
        } catch (error: Exception) {
            if (error.hasCode(ErrorCode.USER_CHANGED)) return false
            if (everywhere && !error.hasCode(ErrorCode.TOKEN_INVALID, ErrorCode.SIGNED_OUT)) throw error
        } finally {
            refresher.endingAs = null
        }
        return true
    }

    /** Stops a call that one user began, if another has signed in meanwhile in another process. */
    private fun sameUser(user: String?, token: String): String {
        if (memory.stored?.user?.id == user) return token
        throw DoorstepException(ErrorCode.USER_CHANGED, "another user has signed in on this device")
    }

    private companion object {
        const val DEFAULT_TTL = 30L

        /** Seconds that an access token must still be valid for an operation that renews the session. */
        const val CHANGE_TTL = 120L
    }
}
