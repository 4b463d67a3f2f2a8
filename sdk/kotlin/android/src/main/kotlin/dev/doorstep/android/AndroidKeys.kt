package dev.doorstep.android

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import dev.doorstep.client.DeviceKey
import dev.doorstep.client.JcaKey
import dev.doorstep.client.KeyStore
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.ProviderException
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec

/**
 * Keys on the curve P-256 in the Android Keystore: in a StrongBox where the device has one, else in its trusted
 * environment. They cannot be exported, and are not part of a backup.
 */
public class AndroidKeys : KeyStore {
    override fun create(name: String): DeviceKey = JcaKey(
        try {
            if (Build.VERSION.SDK_INT >= STRONG_BOX_LEVEL) generateInStrongBox(name) else generate(specOf(name))
        } catch (_: ProviderException) {
            // A device without a StrongBox says so with a subclass that older versions of Android do not have.
            generate(specOf(name))
        },
    )

    override fun get(name: String): DeviceKey? {
        val store = androidKeyStore()
        val privateKey = store.getKey(aliasOf(name), null) as? PrivateKey ?: return null
        val publicKey = store.getCertificate(aliasOf(name))?.publicKey as? ECPublicKey ?: return null
        return JcaKey(privateKey, publicKey)
    }

    override fun delete(name: String) {
        androidKeyStore().deleteEntry(aliasOf(name))
    }

    @NewerApi(STRONG_BOX_LEVEL)
    private fun generateInStrongBox(name: String): KeyPair = generate(specOf(name).setIsStrongBoxBacked(true))

    private fun generate(spec: KeyGenParameterSpec.Builder): KeyPair {
        val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, ANDROID_KEY_STORE)
        generator.initialize(spec.build())
        return generator.generateKeyPair()
    }

    private fun specOf(name: String) = KeyGenParameterSpec.Builder(aliasOf(name), KeyProperties.PURPOSE_SIGN)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setDigests(KeyProperties.DIGEST_SHA256)

    private fun aliasOf(name: String) = "doorstep.key.$name"

    private companion object {
        const val STRONG_BOX_LEVEL = 28
    }
}

internal const val ANDROID_KEY_STORE = "AndroidKeyStore"

internal fun androidKeyStore(): java.security.KeyStore =
    java.security.KeyStore.getInstance(ANDROID_KEY_STORE).apply { load(null) }
