package dev.doorstep.client

import dev.doorstep.client.internal.base64Url
import java.math.BigInteger
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.ConcurrentHashMap

/**
 * The public part of a key on the curve P-256, as in a JSON Web Key.
 *
 * @property x First coordinate, in base64url.
 * @property y Second coordinate, in base64url.
 */
public class PublicKey(public val x: String, public val y: String)

/** A key pair on the curve P-256 whose private part stays in the device. */
public interface DeviceKey {
    /** The public part. */
    public val publicKey: PublicKey

    /**
     * An ECDSA signature with SHA-256 in the form of JWTs: `r` and `s`, 32 bytes each. Called on a thread that may
     * wait.
     */
    public fun sign(data: ByteArray): ByteArray
}

/** Keys of this device by name. They are not part of a backup. Every call is on a thread that may wait. */
public interface KeyStore {
    /** Creates a key, in place of an earlier one of this name. */
    public fun create(name: String): DeviceKey

    /** The key, or `null` if this device has none of this name. Throws where the keys cannot be read now. */
    public fun get(name: String): DeviceKey?

    /** Deletes the key of this name, if there is one. */
    public fun delete(name: String)
}

/** Keys that end with the process, for tests. */
public class MemoryKeys : KeyStore {
    private val keys = ConcurrentHashMap<String, DeviceKey>()

    override fun create(name: String): DeviceKey {
        val generator = KeyPairGenerator.getInstance("EC")
        generator.initialize(ECGenParameterSpec("secp256r1"))
        return JcaKey(generator.generateKeyPair()).also { keys[name] = it }
    }

    override fun get(name: String): DeviceKey? = keys[name]

    override fun delete(name: String) {
        keys.remove(name)
    }
}

/** A key of the Java Cryptography Architecture: of a key store of Android, of a file, or of the memory. */
public class JcaKey(private val privateKey: PrivateKey, publicKey: ECPublicKey) : DeviceKey {
    /** A key pair whose public key is one of an elliptic curve. */
    public constructor(pair: KeyPair) : this(pair.private, pair.public as ECPublicKey)

    override val publicKey: PublicKey =
        PublicKey(coordinate(publicKey.w.affineX), coordinate(publicKey.w.affineY))

    override fun sign(data: ByteArray): ByteArray {
        val signature = Signature.getInstance("SHA256withECDSA")
        signature.initSign(privateKey)
        signature.update(data)
        return joseSignature(signature.sign())
    }

    private fun coordinate(value: BigInteger): String = base64Url(fixedLength(value))
}

private const val COORDINATE_BYTES = 32

/** A number in 32 bytes, most significant first. */
private fun fixedLength(value: BigInteger): ByteArray {
    val bytes = value.toByteArray().dropWhile { it == 0.toByte() }.toByteArray()
    return ByteArray(COORDINATE_BYTES - bytes.size) + bytes
}

/** The signature of Java is a sequence of two integers in DER; that of JWTs is both in 32 bytes (RFC 7518, 3.4). */
internal fun joseSignature(der: ByteArray): ByteArray {
    // Both integers are short, so each length is one byte.
    val rLength = der[3].toInt()
    val r = der.copyOfRange(4, 4 + rLength)
    val sStart = 4 + rLength + 2
    val s = der.copyOfRange(sStart, sStart + der[sStart - 1])
    return fixedLength(BigInteger(1, r)) + fixedLength(BigInteger(1, s))
}
