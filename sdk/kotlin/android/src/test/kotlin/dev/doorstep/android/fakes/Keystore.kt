package dev.doorstep.android.fakes

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.ProviderException
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey

/** The Keystore of a device in the memory of a test. */
object Keystore {
    class Entry(val key: Key, val publicKey: PublicKey?, val spec: KeyGenParameterSpec.Builder)

    val entries = ConcurrentHashMap<String, Entry>()
    var hasStrongBox = false

    fun install() {
        Security.removeProvider("AndroidKeyStore")
        Security.addProvider(AndroidProvider())
        entries.clear()
    }
}

@Suppress("DEPRECATION") // Java 8 has no other constructor.
private class AndroidProvider : Provider("AndroidKeyStore", 1.0, "a test") {
    init {
        put("KeyStore.AndroidKeyStore", MemoryKeyStore::class.java.name)
        put("KeyPairGenerator.EC", PairGenerator::class.java.name)
        put("KeyGenerator.AES", SecretGenerator::class.java.name)
    }
}

class PairGenerator : KeyPairGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec.Builder

    override fun initialize(keysize: Int, random: SecureRandom?) = error("not used")

    override fun initialize(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = (params as KeyGenParameterSpec).builder
    }

    override fun generateKeyPair(): KeyPair {
        if (spec.values["strongBox"] == true && !Keystore.hasStrongBox) throw ProviderException("no StrongBox")
        val generator = KeyPairGenerator.getInstance("EC", "SunEC")
        generator.initialize(spec.values.getValue("spec") as AlgorithmParameterSpec)
        return generator.generateKeyPair().also {
            Keystore.entries[spec.alias] = Keystore.Entry(it.private, it.public, spec)
        }
    }
}

class SecretGenerator : KeyGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec.Builder

    override fun engineInit(random: SecureRandom?) = error("not used")

    override fun engineInit(keysize: Int, random: SecureRandom?) = error("not used")

    override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = (params as KeyGenParameterSpec).builder
    }

    override fun engineGenerateKey(): SecretKey {
        val generator = KeyGenerator.getInstance("AES", "SunJCE").apply { init(spec.values.getValue("size") as Int) }
        return generator.generateKey().also { Keystore.entries[spec.alias] = Keystore.Entry(it, null, spec) }
    }
}

class MemoryKeyStore : KeyStoreSpi() {
    override fun engineGetKey(alias: String, password: CharArray?): Key? = Keystore.entries[alias]?.key

    override fun engineGetCertificate(alias: String): Certificate? =
        Keystore.entries[alias]?.publicKey?.let(::KeyCertificate)

    override fun engineDeleteEntry(alias: String) {
        Keystore.entries.remove(alias)
    }

    override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

    override fun engineContainsAlias(alias: String) = Keystore.entries.containsKey(alias)

    override fun engineSize() = Keystore.entries.size

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(Keystore.entries.keys)

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

    override fun engineGetCreationDate(alias: String): Date? = null

    override fun engineSetKeyEntry(a: String?, k: Key?, p: CharArray?, c: Array<out Certificate>?) = error("not used")

    override fun engineSetKeyEntry(a: String?, k: ByteArray?, c: Array<out Certificate>?) = error("not used")

    override fun engineSetCertificateEntry(a: String?, c: Certificate?) = error("not used")

    override fun engineIsKeyEntry(alias: String) = true

    override fun engineIsCertificateEntry(alias: String) = false

    override fun engineGetCertificateAlias(cert: Certificate?): String? = null

    override fun engineStore(stream: OutputStream?, password: CharArray?) = error("not used")
}

private class KeyCertificate(private val key: PublicKey) : Certificate("test") {
    override fun getPublicKey() = key

    override fun getEncoded() = key.encoded

    override fun verify(key: PublicKey?) = Unit

    override fun verify(key: PublicKey?, sigProvider: String?) = Unit

    override fun toString() = "certificate"
}
