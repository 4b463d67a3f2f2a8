package dev.doorstep.client

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import java.security.MessageDigest

/** A way to find the nonce of a proof of work. */
public fun interface ProofOfWorkSolver {
    /**
     * Returns decimal digits: the SHA-256 hash of the challenge, a colon and these digits begins with this number of
     * zero bits. It stops when its caller is cancelled.
     */
    public suspend fun solve(challenge: String, bits: Int): String
}

/** Solves with the CPU, on a thread in the background. */
public object CpuSolver : ProofOfWorkSolver {
    /** Hashes between two looks at the caller; about 10 ms on a phone of 2020. */
    private const val CHUNK = 4096
    private const val BITS_IN_BYTE = 8

    override suspend fun solve(challenge: String, bits: Int): String = withContext(Dispatchers.Default) {
        val prefix = "$challenge:".toByteArray()
        val digest = MessageDigest.getInstance("SHA-256")
        var nonce = 0L
        while (true) {
            if (nonce % CHUNK == 0L) ensureActive()
            digest.update(prefix)
            val text = nonce.toString()
            if (startsWithZeros(digest.digest(text.toByteArray()), bits)) return@withContext text
            nonce++
        }
        @Suppress("UNREACHABLE_CODE")
        error("unreachable")
    }

    private fun startsWithZeros(hash: ByteArray, bits: Int): Boolean {
        val bytes = bits / BITS_IN_BYTE
        if ((0 until bytes).any { hash[it] != 0.toByte() }) return false
        val rest = bits % BITS_IN_BYTE
        return rest == 0 || (hash[bytes].toInt() and BYTE) ushr (BITS_IN_BYTE - rest) == 0
    }

    private const val BYTE = 0xff
}
