package dev.doorstep.client.blocking

import dev.doorstep.client.Account
import dev.doorstep.client.DeviceSession
import dev.doorstep.client.Gender
import dev.doorstep.client.ImageType
import dev.doorstep.client.Listener
import dev.doorstep.client.PendingAct
import dev.doorstep.client.ProfileField
import dev.doorstep.client.Session
import dev.doorstep.client.SessionState
import dev.doorstep.client.SignedOutReason
import dev.doorstep.client.Subscription
import dev.doorstep.client.UploadPermit
import dev.doorstep.client.User

/** [Session], with calls that wait. */
public class BlockingSession internal constructor(private val session: Session) {
    /** [Session.state]. */
    public val state: SessionState get() = session.state

    /** [Session.user]. */
    public val user: User? get() = session.user

    /** [Session.bound]. */
    public val isBound: Boolean get() = session.bound

    /** [Session.onSignedOut]. */
    public fun onSignedOut(listener: Listener<SignedOutReason>): Subscription = session.onSignedOut(listener)

    /** [Session.onChange]. */
    public fun onChange(listener: Listener<SessionState>): Subscription = session.onChange(listener)

    /** [Session.restore]. */
    public fun restore(): SessionState = wait { session.restore() }

    /** [Session.accessToken]. */
    public fun accessToken(): String = wait { session.accessToken() }

    /** [Session.accessToken]. */
    public fun accessToken(minTtl: Long): String = wait { session.accessToken(minTtl) }

    /** [Session.signOut]. */
    @JvmOverloads
    public fun signOut(everywhere: Boolean = false, forgetDevice: Boolean = false): Unit =
        wait { session.signOut(everywhere, forgetDevice) }
}

/** [Account], with calls that wait. */
public class BlockingAccount internal constructor(private val account: Account) {
    /** [Account.me]. */
    public fun me(): User = wait { account.me() }

    /** [Account.update]. */
    public fun update(change: ProfileChange): User = wait {
        account.update(change.nickname, change.avatarUrl, change.gender, change.birthday, change.clear)
    }

    /** [Account.changePassword]. */
    public fun changePassword(currentPassword: String, newPassword: String): Unit =
        wait { account.changePassword(currentPassword, newPassword) }

    /** [Account.sessions]. */
    public fun sessions(): List<DeviceSession> = wait { account.sessions() }

    /** [Account.endSession]. */
    public fun endSession(id: String): Unit = wait { account.endSession(id) }

    /** [Account.pending]. */
    public fun pending(): List<PendingAct> = wait { account.pending() }

    /** [Account.approve]. */
    public fun approve(id: String): Unit = wait { account.approve(id) }

    /** [Account.refuse]. */
    public fun refuse(id: String): Unit = wait { account.refuse(id) }

    /** [Account.acceptDocuments]. */
    public fun acceptDocuments(accepted: Collection<String>): User = wait { account.acceptDocuments(accepted) }

    /** [Account.permitAvatar]. */
    public fun permitAvatar(type: ImageType, length: Long): UploadPermit = wait { account.permitAvatar(type, length) }

    /** [Account.uploadAvatar]. */
    public fun uploadAvatar(image: ByteArray, type: ImageType): User = wait { account.uploadAvatar(image, type) }
}

/** Fields of the profile, for Java: only those that are set are sent. */
public class ProfileChange {
    /** Name of the user. */
    public var nickname: String? = null

    /** URL of the avatar. */
    public var avatarUrl: String? = null

    /** Gender of the user. */
    public var gender: Gender? = null

    /** A day: `2000-02-29`. */
    public var birthday: String? = null

    /** Fields to empty. */
    public var clear: Set<ProfileField> = emptySet()
}
