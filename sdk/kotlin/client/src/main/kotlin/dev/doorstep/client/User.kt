package dev.doorstep.client

import dev.doorstep.client.generated.User as WireUser

/**
 * The account. `null` in a field of the profile means that there is none. Times are texts as in RFC 3339, in UTC.
 *
 * @property phoneNumber E.164. `null` if another person has the number now: ask for a new one ([Doorstep.phoneChange]).
 * @property phoneConfirmDue The number was not proven for a long time: ask for it ([Doorstep.phoneConfirmation]).
 * @property gender `female`, `male`, `other`, or a value of a newer service.
 * @property birthday A day: `2000-02-29`.
 * @property consentDue Documents that the user must accept: [Account.acceptDocuments].
 */
public class User internal constructor(
    public val id: String,
    public val phoneNumber: String?,
    public val phoneConfirmDue: Boolean,
    public val hasPassword: Boolean,
    public val nickname: String,
    public val avatarUrl: String?,
    public val gender: String?,
    public val birthday: String?,
    public val consentDue: List<String>,
    public val createdAt: String,
    public val updatedAt: String,
) {
    override fun toString(): String = "User $id"

    internal companion object {
        fun of(wire: WireUser) = User(
            id = wire.id,
            phoneNumber = wire.phoneNumber,
            phoneConfirmDue = wire.phoneConfirmDue ?: false,
            hasPassword = wire.hasPassword ?: false,
            nickname = wire.nickname,
            avatarUrl = wire.avatarUrl,
            gender = wire.gender,
            birthday = wire.birthday,
            consentDue = wire.consentDue.orEmpty(),
            createdAt = wire.createdAt.orEmpty(),
            updatedAt = wire.updatedAt.orEmpty(),
        )
    }
}

/** Values of the profile that an app can set. */
public enum class Gender(internal val wire: dev.doorstep.client.generated.Gender) {
    FEMALE(dev.doorstep.client.generated.Gender.FEMALE),
    MALE(dev.doorstep.client.generated.Gender.MALE),
    OTHER(dev.doorstep.client.generated.Gender.OTHER),
}
