package dev.doorstep.client

import kotlinx.serialization.KSerializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder

/**
 * Reason why a session has ended. Later versions may add reasons: treat one that you do not know like [SESSION_ENDED].
 *
 * @property name As in the protocols of the service: `session_ended`.
 */
public class SignedOutReason internal constructor(public val name: String) {
    override fun equals(other: Any?): Boolean = other is SignedOutReason && other.name == name

    override fun hashCode(): Int = name.hashCode()

    override fun toString(): String = name

    /** The reasons of this version. */
    public companion object {
        /** Ended by this app, perhaps in another process. */
        @JvmField
        public val SIGNED_OUT: SignedOutReason = SignedOutReason("signed_out")

        /** Ended by another device, a password reset or the time. */
        @JvmField
        public val SESSION_ENDED: SignedOutReason = SignedOutReason("session_ended")

        /** The tokens were copied: warn the user. */
        @JvmField
        public val REFRESH_REUSED: SignedOutReason = SignedOutReason("refresh_reused")

        /** Deleted by the user, on this device. */
        @JvmField
        public val ACCOUNT_DELETED: SignedOutReason = SignedOutReason("account_deleted")
    }
}

internal object SignedOutReasonSerializer : KSerializer<SignedOutReason> {
    override val descriptor = PrimitiveSerialDescriptor("SignedOutReason", PrimitiveKind.STRING)

    override fun serialize(encoder: Encoder, value: SignedOutReason) = encoder.encodeString(value.name)

    override fun deserialize(decoder: Decoder) = SignedOutReason(decoder.decodeString())
}
