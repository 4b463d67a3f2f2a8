package dev.doorstep.android

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import dev.doorstep.client.FileStore
import dev.doorstep.client.Store
import okio.ByteString.Companion.decodeBase64
import okio.ByteString.Companion.toByteString
import java.io.File
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * The record in a file of the app that no backup contains, encrypted with a key of the Android Keystore. Processes of
 * the app share it, and its lock.
 */
public class AndroidStore(context: Context) : Store {
    private val files = FileStore(File(context.noBackupFilesDir, "doorstep"))

    /** The value, `null` also where the key of the file is gone: nobody can read it any more. */
    override fun get(key: String): String? {
        val text = files.get(key) ?: return null
        val secret = androidKeyStore().getKey(ALIAS, null) as? SecretKey ?: return null
        return decrypted(text, secret)
    }

    override fun set(key: String, value: String?) {
        files.set(key, value?.let(::encrypted))
    }

    override fun lock(name: String): AutoCloseable = files.lock(name)

    /** The client writes under a lock, so that two processes do not create the key at the same time. */
    private fun encrypted(value: String): String {
        val secret = androidKeyStore().getKey(ALIAS, null) as? SecretKey ?: createKey()
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, secret)
        return (cipher.iv + cipher.doFinal(value.toByteArray())).toByteString().base64()
    }

    private fun decrypted(text: String, secret: SecretKey): String? {
        val bytes = text.decodeBase64()?.toByteArray()?.takeIf { it.size > IV_BYTES } ?: return null
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, secret, GCMParameterSpec(TAG_BITS, bytes, 0, IV_BYTES))
        return try {
            String(cipher.doFinal(bytes, IV_BYTES, bytes.size - IV_BYTES), Charsets.UTF_8)
        } catch (_: AEADBadTagException) {
            null
        }
    }

    private fun createKey(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(ALIAS, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(KEY_BITS)
            .build()
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, ANDROID_KEY_STORE)
        generator.init(spec)
        return generator.generateKey()
    }

    private companion object {
        const val ALIAS = "doorstep.store"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val KEY_BITS = 256
        const val TAG_BITS = 128

        /** The Keystore chooses 12 random bytes for each text. */
        const val IV_BYTES = 12
    }
}
