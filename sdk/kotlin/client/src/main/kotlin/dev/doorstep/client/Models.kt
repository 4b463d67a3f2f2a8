package dev.doorstep.client

import dev.doorstep.client.generated.ClearableField
import dev.doorstep.client.generated.UploadPermit as WirePermit
import dev.doorstep.client.generated.PendingAct as WireAct
import dev.doorstep.client.generated.Session as WireSession

/** A field of the profile that can be emptied. */
public enum class ProfileField(internal val wire: ClearableField) {
    AVATAR_URL(ClearableField.AVATAR_URL),
    GENDER(ClearableField.GENDER),
    BIRTHDAY(ClearableField.BIRTHDAY),
}

/**
 * A device on which the user is signed in. Times are texts as in RFC 3339, in UTC.
 *
 * @property current This device.
 * @property lastUsedAt Time of the last refresh, to the hour.
 */
public class DeviceSession internal constructor(
    public val id: String,
    public val deviceName: String?,
    public val current: Boolean,
    public val createdAt: String,
    public val lastUsedAt: String,
    public val expiresAt: String,
    public val knownDevice: Boolean,
    public val deviceKnownSince: String?,
) {
    override fun toString(): String = "DeviceSession $id"

    internal companion object {
        fun of(wire: WireSession) = DeviceSession(
            id = wire.id,
            deviceName = wire.deviceName,
            current = wire.current,
            createdAt = wire.createdAt,
            lastUsedAt = wire.lastUsedAt,
            expiresAt = wire.expiresAt,
            knownDevice = wire.knownDevice,
            deviceKnownSince = wire.deviceKnownSince,
        )
    }
}

/**
 * An act that waits: for its time, or for an approval. Times are texts as in RFC 3339, in UTC.
 *
 * @property kind `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`, or one of a newer service.
 * @property own This session has requested it.
 */
public class PendingAct internal constructor(
    public val id: String,
    public val kind: String,
    public val phoneNumber: String?,
    public val deviceName: String?,
    public val own: Boolean,
    public val approved: Boolean,
    public val askedAt: String,
    public val readyAt: String,
    public val expiresAt: String,
) {
    override fun toString(): String = "PendingAct $id"

    internal companion object {
        fun of(wire: WireAct) = PendingAct(
            id = wire.id,
            kind = wire.kind,
            phoneNumber = wire.phoneNumber,
            deviceName = wire.deviceName,
            own = wire.own,
            approved = wire.approved,
            askedAt = wire.askedAt,
            readyAt = wire.readyAt,
            expiresAt = wire.expiresAt,
        )
    }
}

/**
 * A permit to upload one image to the storage of the operator. It is a secret until it expires.
 *
 * @property publicUrl Value for [Account.update] after the upload.
 * @property expiresIn Seconds from its creation.
 */
public class UploadPermit internal constructor(
    public val method: String,
    public val url: String,
    public val headers: Map<String, String>,
    public val form: Map<String, String>,
    public val publicUrl: String,
    public val expiresIn: Long,
) {
    override fun toString(): String = "UploadPermit"

    internal companion object {
        fun of(wire: WirePermit) =
            UploadPermit(wire.method, wire.url, wire.headers, wire.form, wire.publicUrl, wire.expiresIn)
    }
}

/** Media type of an avatar. */
public enum class ImageType(internal val wire: dev.doorstep.client.generated.AvatarMediaType) {
    JPEG(dev.doorstep.client.generated.AvatarMediaType.IMAGE_JPEG),
    PNG(dev.doorstep.client.generated.AvatarMediaType.IMAGE_PNG),
    WEBP(dev.doorstep.client.generated.AvatarMediaType.IMAGE_WEBP),
    ;

    /** Value of the header `Content-Type`. */
    public val mediaType: String get() = "image/${name.lowercase()}"
}
