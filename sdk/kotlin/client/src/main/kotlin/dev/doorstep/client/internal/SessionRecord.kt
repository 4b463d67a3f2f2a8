package dev.doorstep.client.internal

import dev.doorstep.client.SignedOutReason
import dev.doorstep.client.generated.SignedIn

/** The known devices of an account are five; one app on one phone has few accounts. */
private const val MAX_DEVICES = 5

/** Digits of a number without its country; a shorter text is no number. */
private const val MIN_DIGITS = 7

/**
 * Facts of a sign-in that are not in the answer of the service.
 *
 * @property key Name of the key whose proof the request had.
 * @property flow The flow that ends with the sign-in.
 */
internal class SignInFacts(val flow: String, val key: String?)

/** The record after a sign-in. [id]: a name of the session, made by the client. */
internal fun Contents.withSession(answer: SignedIn, id: String, facts: SignInFacts): Contents {
    val user = answer.user
    val ownKey = facts.key.takeIf { answer.refreshBound }
    val device = StoredDevice(user.id, user.phoneNumber, answer.deviceToken, ownKey)
    val others = devices.filter { it.userId != user.id }
    return copy(
        session = StoredSession(id, answer.refreshToken, answer.refreshBound, ownKey, user),
        ended = null,
        devices = (listOf(device) + others).take(MAX_DEVICES),
        flows = (flows - facts.flow).withoutOthers(user.id),
    )
}

/**
 * The end of a session.
 *
 * @property session The session that ends, `null` for any.
 * @property token Ends it only if this is its token.
 */
internal class Ending(
    val reason: SignedOutReason,
    val session: String? = null,
    val token: String? = null,
    val forgetDevice: Boolean = false,
)

/** The record without its session, or as it is if it has another session than the one that ends. */
internal fun Contents.withoutSession(ending: Ending): Contents {
    val session = session ?: return this
    if (ending.session != null && session.id != ending.session) return this
    if (ending.token != null && session.refreshToken != ending.token) return this
    return copy(
        session = null,
        ended = EndedSession(session.id, ending.reason),
        devices = if (ending.forgetDevice) devices.filter { it.userId != session.user.id } else devices,
        flows = flows.withoutOthers(null),
    )
}

/** The known device for a number that the user typed, in any of its forms. */
internal fun Contents.findDevice(phoneNumber: String): StoredDevice? {
    val typed = digits(phoneNumber).trimStart('0')
    if (typed.length < MIN_DIGITS) return null
    return devices.find { it.phone != null && digits(it.phone).endsWith(typed) }
}

/** The names of all keys in the record. */
internal fun Contents.keyNames(): Set<String> {
    val ofFlows = flows.values.flatMap { listOf(it.key, it.pending?.key) }
    return (devices.map { it.key } + ofFlows + session?.key).filterNotNull().toSet()
}

private fun Map<String, StoredFlow>.withoutOthers(userId: String?) =
    filterValues { it.userId == null || it.userId == userId }

/** The digits of a number in ASCII; a keyboard for Chinese has wide ones. */
private fun digits(text: String): String = text.mapNotNull { character ->
    when (character) {
        in '0'..'9' -> character
        in '\uff10'..'\uff19' -> character - ('\uff10' - '0')
        else -> null
    }
}.joinToString("")
