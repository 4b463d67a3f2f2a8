package dev.doorstep.client.internal

import dev.doorstep.client.SignedOutReason
import dev.doorstep.client.SignedOutReasonSerializer
import dev.doorstep.client.generated.User
import kotlinx.serialization.EncodeDefault
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject

/**
 * Everything that the client stores: one record, so that one write changes all of it. Its texts are secrets, so that no
 * part of it has a `toString` with them. The `hashCode` of the compiler would need a newer Android than API 23.
 *
 * @property ended The session that ended last: other processes learn the reason from it.
 */
@OptIn(ExperimentalSerializationApi::class)
@Serializable
internal data class Contents(
    val version: Int,
    val session: StoredSession? = null,
    val ended: EndedSession? = null,
    @EncodeDefault val devices: List<StoredDevice> = emptyList(),
    @EncodeDefault val flows: Map<String, StoredFlow> = emptyMap(),
) {
    override fun hashCode(): Int = flows.hashCode()

    override fun toString(): String = "Contents"
}

/**
 * The session of this device.
 *
 * @property id A name of this sign-in, made by the client: it tells a renewed session from another one.
 * @property key Name of the key in the key store.
 */
@Serializable
internal data class StoredSession(
    val id: String,
    val refreshToken: String,
    val bound: Boolean,
    val key: String? = null,
    val user: User,
) {
    override fun hashCode(): Int = id.hashCode()

    override fun toString(): String = "StoredSession"
}

@Serializable
internal class EndedSession(
    val session: String,
    @Serializable(SignedOutReasonSerializer::class) val reason: SignedOutReason,
)

/** A device token, kept through sign-outs. */
@Serializable
internal data class StoredDevice(
    val userId: String,
    val phone: String? = null,
    val token: String,
    val key: String? = null,
) {
    override fun toString(): String = "StoredDevice"
}

/**
 * An action of the user that is not answered yet: sent again as it is, with the same idempotency key.
 *
 * @property at Milliseconds since 1970, by the clock of the device.
 */
@Serializable
internal data class PendingAction(
    val operation: String,
    val body: JsonObject,
    val idempotencyKey: String,
    val key: String? = null,
    val at: Long,
) {
    override fun hashCode(): Int = idempotencyKey.hashCode()

    override fun toString(): String = "PendingAction"
}

/**
 * A flow that is open. Times are in milliseconds since 1970, by the clock of the device.
 *
 * @property via The operations that go on with the ticket, for example `register` after `start-anew`.
 * @property userId The account of a flow that needs a session.
 * @property deviceOf The account whose device token the flow sends.
 */
@Serializable
internal data class StoredFlow(
    val step: String,
    val ticket: String? = null,
    val via: String,
    val phone: String? = null,
    val expiresAt: Long? = null,
    val resendAt: Long? = null,
    val attemptsLeft: Int? = null,
    val question: StoredQuestion? = null,
    val userId: String? = null,
    val deviceOf: String? = null,
    val key: String? = null,
    val pending: PendingAction? = null,
) {
    override fun toString(): String = "StoredFlow"
}

@Serializable
internal data class StoredQuestion(
    val reason: String,
    val act: String? = null,
    val startAnew: Boolean,
    val readyAt: Long? = null,
) {
    override fun hashCode(): Int = reason.hashCode()
}
