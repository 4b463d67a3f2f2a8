package dev.doorstep.client

import dev.doorstep.client.generated.AcceptDocuments
import dev.doorstep.client.generated.AvatarUpload
import dev.doorstep.client.generated.ChangePassword
import dev.doorstep.client.generated.ChangeProfile
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.SendOptions
import dev.doorstep.client.internal.Uploads
import kotlinx.serialization.json.JsonObject

/** The account of the session. */
public class Account internal constructor(
    private val client: Client,
    private val session: Session,
    private val uploads: Uploads,
) {
    private class PasswordChange(val body: JsonObject, val idempotencyKey: String)

    private var passwordChange: PasswordChange? = null

    /** The account, as the service has it now. */
    public suspend fun me(): User = client.run { session.setUser(session.call(Operations.meRead)) }

    /**
     * Changes the fields that are given.
     *
     * @param birthday A day: `2000-02-29`.
     * @param clear Fields to empty.
     */
    public suspend fun update(
        nickname: String? = null,
        avatarUrl: String? = null,
        gender: Gender? = null,
        birthday: String? = null,
        clear: Set<ProfileField> = emptySet(),
    ): User = client.run {
        val cleared = clear.map { it.wire }.ifEmpty { null }
        val body = ChangeProfile(
            nickname = nickname,
            avatarUrl = avatarUrl,
            gender = gender?.wire,
            birthday = birthday,
            clear = cleared,
        )
        session.setUser(session.call(Operations.meChange, body))
    }

    /** Signs out every other device. The same call again after the error `network` is the same change. */
    public suspend fun changePassword(currentPassword: String, newPassword: String): Unit = client.run {
        val body = ChangePassword(currentPassword = currentPassword, newPassword = newPassword).toJson()
        val again = passwordChange?.takeIf { it.body == body }
        val change = again ?: PasswordChange(body, client.api.config.random.name())
        passwordChange = change
        try {
            val options = SendOptions(idempotencyKey = change.idempotencyKey, unanswered = again != null)
            session.changePassword(body, options)
            passwordChange = null
        } catch (error: DoorstepException) {
            if (!error.unanswered) passwordChange = null
            throw error
        }
    }

    /** The devices on which the user is signed in. */
    public suspend fun sessions(): List<DeviceSession> = client.run {
        session.call(Operations.sessionsList).sessions.map(DeviceSession::of)
    }

    /** Signs another device out, and forgets it. Use [Session.signOut] for this one. */
    public suspend fun endSession(id: String): Unit = client.run {
        session.call(Operations.sessionsEnd, options = SendOptions(path = mapOf("id" to id)))
    }

    /** The acts that wait. Read them at the start of the app, and now and then in the background. */
    public suspend fun pending(): List<PendingAct> = client.run {
        session.call(Operations.pendingList).pending.map(PendingAct::of)
    }

    /** Approves an act that waits. */
    public suspend fun approve(id: String): Unit = client.run {
        session.call(Operations.pendingApprove, options = SendOptions(path = mapOf("id" to id)))
    }

    /** Refuses an act that waits. */
    public suspend fun refuse(id: String): Unit = client.run {
        session.call(Operations.pendingRefuse, options = SendOptions(path = mapOf("id" to id)))
    }

    /** Records that the user has accepted the documents in force. */
    public suspend fun acceptDocuments(accepted: Collection<String>): User = client.run {
        session.setUser(session.call(Operations.meAcceptDocuments, AcceptDocuments(accepted.toList())))
    }

    /** A permit to upload one image by your own means. Set `avatarUrl` after the upload. */
    public suspend fun permitAvatar(type: ImageType, length: Long): UploadPermit = client.run {
        UploadPermit.of(session.call(Operations.mePermitAvatar, AvatarUpload(type.wire, length)))
    }

    /** Uploads an image, and sets it as the avatar. */
    public suspend fun uploadAvatar(image: ByteArray, type: ImageType): User = client.run {
        val permit = permitAvatar(type, image.size.toLong())
        uploads.send(permit, image, type.mediaType)
        update(avatarUrl = permit.publicUrl)
    }
}
