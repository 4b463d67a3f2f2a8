package dev.doorstep.android

import android.content.Context
import android.content.Intent
import android.os.Build
import dev.doorstep.android.fakes.Keystore
import dev.doorstep.client.DoorstepOptions
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.math.BigInteger
import java.security.Signature
import java.util.Base64

/** The parts for Android with a Keystore in memory: what they ask of it, and what they make of its answers. */
class AndroidTest {
    @TempDir
    lateinit var folder: File

    private val context = object : Context() {
        override fun getApplicationContext(): Context = this

        override fun getNoBackupFilesDir() = folder
    }

    @BeforeEach
    fun install() {
        Keystore.install()
        Keystore.hasStrongBox = false
        Build.VERSION.SDK_INT = 23
    }

    @Test
    fun `a key signs, and is found after a restart`() {
        val created = AndroidKeys().create("a")
        val found = AndroidKeys().get("a")!!
        assertEquals(created.publicKey.x, found.publicKey.x)
        val signature = found.sign("data".toByteArray())
        assertEquals(64, signature.size)
        assertTrue(verifies("data", signature))
        AndroidKeys().delete("a")
        AndroidKeys().delete("a")
        assertNull(AndroidKeys().get("a"))
    }

    private fun verifies(text: String, jose: ByteArray): Boolean {
        val halves = listOf(jose.copyOfRange(0, 32), jose.copyOfRange(32, 64)).map { BigInteger(1, it).toByteArray() }
        val body = halves.fold(ByteArray(0)) { all, half -> all + byteArrayOf(2, half.size.toByte()) + half }
        val verifier = Signature.getInstance("SHA256withECDSA")
        verifier.initVerify(Keystore.entries.getValue("doorstep.key.a").publicKey)
        verifier.update(text.toByteArray())
        return verifier.verify(byteArrayOf(0x30, body.size.toByte()) + body)
    }

    @Test
    fun `a key is in the StrongBox where there is one`() {
        val found = ArrayList<Any?>()
        for ((level, hasStrongBox) in listOf(23 to true, 28 to false, 28 to true)) {
            Build.VERSION.SDK_INT = level
            Keystore.hasStrongBox = hasStrongBox
            AndroidKeys().create("a")
            found += Keystore.entries.getValue("doorstep.key.a").spec.values["strongBox"]
        }
        assertEquals(listOf(null, null, true), found)
        val spec = Keystore.entries.getValue("doorstep.key.a").spec
        assertEquals(listOf("SHA-256"), spec.values["digests"])
        assertEquals(4, spec.purposes)
    }

    @Test
    fun `the record is encrypted, each time in another way`() {
        val store = AndroidStore(context)
        assertNull(store.get("doorstep"))
        val texts = List(2) {
            store.set("doorstep", "secret 密")
            File(folder, "doorstep/doorstep").readText()
        }
        assertNotEquals(texts[0], texts[1])
        assertFalse(texts.any { "secret" in it || "secret" in String(Base64.getDecoder().decode(it)) })
        assertEquals("secret 密", AndroidStore(context).get("doorstep"))
        store.set("doorstep", null)
        assertNull(store.get("doorstep"))
    }

    @Test
    fun `a record that nobody can read is none`() {
        val store = AndroidStore(context).apply { set("doorstep", "secret") }
        val file = File(folder, "doorstep/doorstep")
        val text = file.readText()
        file.writeText(text.replaceRange(30, 31, if (text[30] == 'A') "B" else "A"))
        assertNull(store.get("doorstep"))
        file.writeText("rubbish")
        assertNull(store.get("doorstep"))
        file.writeText(text)
        assertEquals("secret", store.get("doorstep"))
        Keystore.entries.clear()
        assertNull(store.get("doorstep"))
        store.set("doorstep", "new")
        assertEquals("new", store.get("doorstep"))
    }

    @Test
    fun `the options of an app have the parts of Android`() {
        val options = DoorstepOptions("https://id.example.com").apply { onAndroid(context) }
        assertTrue(options.store is AndroidStore && options.keys is AndroidKeys)
        assertEquals("Pixel 10", options.deviceName)
        assertEquals(42, options.clock.monotonic())
        assertTrue(options.clock.wall() > 1_700_000_000_000)
    }

    @Test
    fun `a message gives its code to the app`() {
        val codes = ArrayList<String>()
        val receiver = SmsCodeReceiver { codes.add(it) }
        val extra = "com.google.android.gms.auth.api.phone.EXTRA_SMS_MESSAGE"
        receiver.onReceive(context, Intent(SmsCodeReceiver.ACTION, mapOf(extra to "042137 is your code")))
        receiver.onReceive(context, Intent(SmsCodeReceiver.ACTION, emptyMap()))
        receiver.onReceive(context, Intent("android.intent.action.BOOT_COMPLETED", mapOf(extra to "111111")))
        assertEquals(listOf("042137"), codes)
    }
}
