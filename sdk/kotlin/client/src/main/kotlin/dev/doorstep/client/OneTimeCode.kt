@file:JvmName("OneTimeCode")

package dev.doorstep.client

private val SIX_DIGITS = Regex("(?<![0-9])[0-9]{6}(?![0-9])")

/**
 * The code in the text of a message, to fill it in by itself: its six digits, `null` if there are none, or groups of
 * six that differ. A message for autofill can contain the code twice.
 */
@JvmName("find")
public fun oneTimeCode(message: String): String? =
    SIX_DIGITS.findAll(message).map { it.value }.distinct().singleOrNull()
