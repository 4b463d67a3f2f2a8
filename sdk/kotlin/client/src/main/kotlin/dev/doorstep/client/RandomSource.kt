package dev.doorstep.client

import dev.doorstep.client.internal.base64Url
import java.security.SecureRandom

/** A source of random bytes that nobody can predict. */
public fun interface RandomSource {
    /** Returns this many random bytes. */
    public fun bytes(length: Int): ByteArray
}

/** The random source of the platform. */
public object SystemRandom : RandomSource {
    private val random by lazy { SecureRandom() }

    override fun bytes(length: Int): ByteArray = ByteArray(length).also(random::nextBytes)
}

/** A random name of 128 bits, for idempotency keys, keys of devices and proofs. */
internal fun RandomSource.name(): String = base64Url(bytes(NAME_BYTES))

private const val NAME_BYTES = 16
