package dev.doorstep.driver

import dev.doorstep.client.Clock
import dev.doorstep.client.DeviceKey
import dev.doorstep.client.FileStore
import dev.doorstep.client.JcaKey
import dev.doorstep.client.KeyStore
import dev.doorstep.client.Store
import dev.doorstep.client.SystemClock
import java.io.File
import java.security.KeyFactory
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import java.security.spec.X509EncodedKeySpec
import java.util.Base64
import java.util.UUID

/** Keys in files. They stand for the key store of a device: unlike there, a program can copy these. */
internal class FileKeys(private val folder: File) : KeyStore {
    private val factory = KeyFactory.getInstance("EC")

    override fun create(name: String): DeviceKey {
        val generator = KeyPairGenerator.getInstance("EC")
        generator.initialize(ECGenParameterSpec("secp256r1"))
        val pair = generator.generateKeyPair()
        folder.mkdirs()
        val draft = File(folder, "$name.${UUID.randomUUID()}")
        draft.writeText(listOf(pair.private, pair.public).joinToString("\n") { encoder.encodeToString(it.encoded) })
        check(draft.renameTo(File(folder, name)))
        return JcaKey(pair)
    }

    override fun get(name: String): DeviceKey? {
        val file = File(folder, name)
        if (!file.exists()) return null
        val (privateKey, publicKey) = file.readLines().map(Base64.getDecoder()::decode)
        val pair = KeyPair(
            factory.generatePublic(X509EncodedKeySpec(publicKey)),
            factory.generatePrivate(PKCS8EncodedKeySpec(privateKey)),
        )
        return JcaKey(pair)
    }

    override fun delete(name: String) {
        File(folder, name).delete()
    }

    private companion object {
        val encoder: Base64.Encoder = Base64.getEncoder()
    }
}

/** A store whose processes cannot wait for each other. */
internal class UnlockedStore(private val store: Store) : Store by store {
    override fun lock(name: String): AutoCloseable? = null
}

/** A store that ends its process without any clean-up, before or after one of its writes. */
internal class CrashingStore(private val store: Store, private val write: Int, private val isBefore: Boolean) :
    Store by store {
    private var writes = 0

    override fun set(key: String, value: String?) {
        writes++
        if (isBefore && writes == write) crash()
        store.set(key, value)
        if (!isBefore && writes == write) crash()
    }

    private fun crash() = Runtime.getRuntime().halt(KILLED)

    private companion object {
        const val KILLED = 137
    }
}

/** The clock of a device whose user has set it wrongly. */
internal class WrongClock(private val offset: Long) : Clock by SystemClock {
    override fun wall(): Long = SystemClock.wall() + offset
}

internal fun fileStore(folder: String): Store = FileStore(File(folder))
