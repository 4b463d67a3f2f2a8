package dev.doorstep.client

import com.nimbusds.jose.crypto.ECDSAVerifier
import com.nimbusds.jose.jwk.ECKey
import com.nimbusds.jwt.SignedJWT
import dev.doorstep.client.generated.Operations
import dev.doorstep.client.internal.Contents
import dev.doorstep.client.internal.JSON
import dev.doorstep.client.internal.PendingAction
import dev.doorstep.client.internal.ProofMaker
import dev.doorstep.client.internal.Retries
import dev.doorstep.client.internal.SendOptions
import dev.doorstep.client.internal.StoredDevice
import dev.doorstep.client.internal.StoredFlow
import dev.doorstep.client.internal.Vault
import dev.doorstep.client.internal.base64Url
import dev.doorstep.client.internal.bytesOfDataUri
import dev.doorstep.client.internal.findDevice
import dev.doorstep.client.internal.readAnswer
import dev.doorstep.client.internal.secondsUntil
import dev.doorstep.client.support.test
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.Base64
import kotlin.random.Random

class UnitsTest {
    @Test
    fun `a one-time code is the only number of six digits`() {
        val found = mapOf(
            "Your code is 042137. It is valid for 5 minutes." to "042137",
            "【Doorstep】验证码042137，5分钟内有效" to "042137",
            "<#> 042137 is your code\nFA+9qCX9VSu" to "042137",
            "code 12345" to null,
            "code 1234567" to null,
            "042137 or 731240" to null,
            "Code: 042137\n\n@id.example.com #042137" to "042137",
            "" to null,
        )
        for ((text, code) in found) assertEquals(code, oneTimeCode(text), text)
    }

    @Test
    fun `base64url agrees with that of Java`() {
        for (length in 0 until 70) {
            val bytes = Random.nextBytes(length)
            assertEquals(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes), base64Url(bytes))
        }
        assertArrayEquals("abc".toByteArray(), bytesOfDataUri("data:image/png;base64,YWJj"))
        assertNull(bytesOfDataUri("https://example.com/a.png"))
    }

    /** A key in 128 has a coordinate with a zero at its start, and a signature in two has a shorter or longer half. */
    @Test
    fun `a proof is a JWT that an independent library verifies`() {
        val proofs = ProofMaker(SystemClock, SystemRandom)
        repeat(300) {
            val proof = proofs.make(MemoryKeys().create("k"), "POST", "https://id.example.com/v1/login", "n")
            val jwt = SignedJWT.parse(proof)
            val key = jwt.header.jwk as ECKey
            assertFalse(key.isPrivate)
            assertTrue(jwt.verify(ECDSAVerifier(key)))
            assertEquals("dpop+jwt", jwt.header.type.type)
            assertEquals("POST", jwt.jwtClaimsSet.getStringClaim("htm"))
            assertEquals("https://id.example.com/v1/login", jwt.jwtClaimsSet.getStringClaim("htu"))
            assertEquals("n", jwt.jwtClaimsSet.getStringClaim("nonce"))
        }
    }

    @Test
    fun `the durations of a replayed answer are shorter by its age`() {
        val body = """{"ticket":"t","expires_in":300,"resend_in":5,"attempts_left":5}"""
        val read = { found: JsonObject -> found }
        val answer = readAnswer(TransportResponse(200, mapOf("age" to "10"), body), hasBody = true, read)
        val expected = """{"ticket":"t","expires_in":290,"resend_in":0,"attempts_left":5}"""
        assertEquals(JSON.parseToJsonElement(expected), answer)
    }

    @Test
    fun `what is not from the service is no error of the service`() {
        val answers = listOf(
            Triple(200, "<html>", true),
            Triple(200, "[]", true),
            Triple(200, """{"access_token":7}""", true),
            Triple(200, "{}", true),
            Triple(204, "", true),
            Triple(502, "Bad Gateway", true),
            Triple(403, """{"message":"blocked"}""", false),
            Triple(401, "", false),
            Triple(302, "", false),
        )
        for ((status, body, unanswered) in answers) {
            val response = TransportResponse(status, emptyMap(), body)
            val error = assertThrows(DoorstepException::class.java) {
                readAnswer(response, hasBody = true) { JSON.decodeFromJsonElement(Operations.tokensRefresh.answer, it) }
            }
            assertEquals(ErrorCode.INVALID_ANSWER, error.code)
            assertEquals(unanswered, error.unanswered, body)
        }
    }

    @Test
    fun `an error with members of other types keeps its code`() {
        val body = """{"code":"code_wrong","attempts_left":"four","errors":[{"field":"code","code":"x"}]}"""
        val error = assertThrows(DoorstepException::class.java) {
            readAnswer(TransportResponse(422, emptyMap(), body), hasBody = true) { }
        }
        assertEquals("code_wrong", error.code)
        assertNull(error.attemptsLeft)
    }

    @Test
    fun `every code has a next act and a sentence in the language of the client`() {
        fun error(code: String, language: String? = null) =
            DoorstepException(code, "").also { it.language = language }
        val next = mapOf(
            "resend_cooldown" to Next.WAIT,
            "captcha_wrong" to Next.NEW_CAPTCHA,
            "network" to Next.RETRY,
            "signed_out" to Next.SIGN_IN,
            "code_of_tomorrow" to Next.RETRY_LATER,
        )
        for ((code, act) in next) assertEquals(act, error(code).next, code)
        assertTrue(error("network").userMessage.startsWith("There is no connection"))
        assertEquals(error("network", "zh").userMessage, error("network", "zh-Hant-HK, en;q=0.5").userMessage)
        assertNotEquals(error("network", "zh").userMessage, error("network", "en").userMessage)
        assertEquals(error("code_of_tomorrow").userMessage, error("token_expired").userMessage)
        assertEquals("Please sign in.", error("signed_out").userMessage)
        assertNotEquals(error("code_wrong").userMessage, error("token_expired").userMessage)
    }

    @Test
    fun `a known device is found by each form of its number`() {
        val device = StoredDevice("u", "+8613800138000", "t")
        val contents = Contents(1, devices = listOf(device))
        val same = listOf("+8613800138000", "13800138000", "138 0013 8000", "0086-138-0013-8000", "１３８００１３８０００")
        for (typed in same) assertSame(device, contents.findDevice(typed), typed)
        for (typed in listOf("", "8000", "13800138001", "+8613900138000")) {
            assertNull(contents.findDevice(typed), typed)
        }
    }

    @Test
    fun `changes of one record wait for each other, also after an error`() = test {
        val store = MemoryStore()
        val vaults = List(2) { Vault(store, "doorstep") }
        val changes = List(40) { number ->
            async {
                runCatching {
                    vaults[number % 2].update {
                        check(number != 3)
                        it.copy(flows = it.flows + (number.toString() to StoredFlow("start", via = "login")))
                    }
                }
            }
        }
        changes.awaitAll()
        assertEquals(39, vaults[0].read().flows.size)
    }

    @Test
    fun `a record that is not readable is an empty one`() = test {
        val store = MemoryStore()
        for (text in listOf("", "null", "[]", "{}", """{"version":2}""", "rubbish", """{"version":1}""")) {
            store.set("doorstep", text)
            assertEquals(Contents(1), Vault(store, "doorstep").read(), text)
        }
    }

    @Test
    fun `a record has the names of all clients, and an old one is read`() = test {
        val store = MemoryStore()
        val old = """{"version":1,"session":{"id":"s","refreshToken":"r","bound":true,"key":"k",""" +
            """"user":{"id":"u","nickname":"Ada"}},"devices":[{"userId":"u","token":"t"}],""" +
            """"flows":{"signIn":{"step":"verify_code","via":"login","ticket":"t","deviceOf":"u",""" +
            """"pending":{"operation":"loginVerifyCode","body":{"ticket":"t","code":"1"},""" +
            """"idempotencyKey":"i","at":1}}},"new":1}"""
        store.set("doorstep", old)
        val contents = Vault(store, "doorstep").update { it.copy(ended = null) }
        assertEquals("r", contents.session?.refreshToken)
        val kept = JSON.parseToJsonElement(store.get("doorstep")!!)
        assertEquals(JsonObject((JSON.parseToJsonElement(old) as JsonObject) - "new"), kept)
    }

    @Test
    fun `every flow with a code can ask for its status`() {
        val flows = listOf(
            "register", "login", "passwordReset", "reclaim", "phoneChange", "phoneConfirmation", "firstPassword",
            "deletion", "accountDeletion",
        )
        for (flow in flows) {
            for (verb in listOf("ResendCode", "Status")) assertEquals("$flow$verb", Operations.find("$flow$verb")?.id)
        }
        assertNull(Operations.find("nothing"))
    }

    @Test
    fun `seconds are rounded up, and never negative`() {
        assertEquals(listOf(2L, 1L, 1L, 0L, 0L), listOf(1001L, 1000L, 1L, 0L, -5000L).map { secondsUntil(it, 0) })
    }

    @Test
    fun `a lost request is repeated three times, with pauses that differ`() {
        val lost = DoorstepException(ErrorCode.NETWORK, "")
        val pauses = List(20) {
            val retries = Retries(Operations.meRead, null, null)
            generateSequence { retries.pauseAfter(lost) }.toList()
        }
        assertTrue(pauses.all { it.size == 3 && it[0] in 225..375 && it[2] in 1500..2500 })
        assertTrue(pauses.toSet().size > 1)
        val once = Retries(Operations.registerSendCode, JsonObject(emptyMap()), idempotencyKey = null)
        assertNull(once.pauseAfter(lost))
    }

    @Test
    fun `nothing prints a secret`() {
        val secret = JsonPrimitive("secret")
        val pending = PendingAction("o", buildJsonObject { put("code", secret) }, "secret", at = 1)
        val printed = listOf(
            pending,
            StoredFlow("s", ticket = "secret", via = "v", pending = pending),
            StoredDevice("u", null, "secret"),
            SendOptions(accessToken = "secret"),
            CaptchaAnswer("id", "secret"),
            TransportResponse(200, mapOf("a" to "secret"), "secret"),
            TransportRequest("GET", "https://id.example.com", mapOf("authorization" to "secret"), "secret", 1),
        )
        for (value in printed) assertFalse("secret" in value.toString(), value.javaClass.name)
    }

    @Test
    fun `a mistyped URL is an error at once`() {
        assertThrows(IllegalArgumentException::class.java) { Doorstep("id.example.com") }
    }
}
