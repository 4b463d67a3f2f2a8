package dev.doorstep.client

import dev.doorstep.client.support.PASSWORD
import dev.doorstep.client.support.Server
import dev.doorstep.client.support.client
import dev.doorstep.client.support.test
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.time.LocalDate

/** The blocks of README.md compile, and those without Android run against a real service. */
class ReadmeTest {
    @Test
    fun `the blocks are those of the compiled examples`() {
        val readme = File("../README.md").readText()
        val blocks = Regex("```(?:kotlin|java)\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(readme)
        val others = blocks.map { it.groupValues[1].lines().joinToString("\n") { line -> line.trim() }.trim() }
            // Gradle, and what needs Android or a library of Google.
            .filterNot { block -> listOf("build.gradle.kts", "onAndroid", "IntentFilter").any { it in block } }.toList()
        assertEquals(9, others.size)
        val sources = listOf("kotlin/dev/doorstep/client/ReadmeExamples.kt", "java/dev/doorstep/client/ReadmeJava.java")
        val compiled = sources.joinToString("\n") { File("src/test/$it").readText() }
            .lines().joinToString("\n") { it.trim() }
        for (block in others) assertTrue(block in compiled, block)
    }

    @Test
    fun `the blocks run`(@TempDir folder: File) = test {
        val until = LocalDate.now().plusDays(30)
        val settings = mapOf("CAPTCHA_BYPASS_ANSWER" to "ADEHLM", "TEST_PHONES" to "+8613800138000=042137@$until")
        val server = Server(settings)
        val examples = ReadmeExamples(server.url)
        val doorstep = examples.open(folder)
        examples.signUp(doorstep)
        assertEquals("+8613800138000", doorstep.session.user?.phoneNumber)
        assertTrue((examples.shown[0] as ByteArray).size > 100)
        examples.resume(doorstep)
        assertTrue(examples.request(doorstep).header("authorization")!!.length > 100)
        examples.session(doorstep)
        assertEquals(SignedOutReason.SIGNED_OUT, examples.shown.last())
        examples.signIn(doorstep, "13800138000", PASSWORD)
        doorstep.session.signOut()
        suspend fun solved() = client(server).captcha().answer("ADEHLM")
        examples.signInWithCode(doorstep, "13800138000", solved(), "042137")
        assertEquals(SessionState.SIGNED_IN, doorstep.session.state)
        val flow = doorstep.signIn().apply { sendCode("13800138000", solved()) }
        examples.errors(flow, "111111")
        assertEquals("Wrong code, 4 attempts left", examples.shown.last())
        server.stop()
    }
}
