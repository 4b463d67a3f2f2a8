package dev.doorstep.client.support

import java.io.File
import java.net.ServerSocket
import java.nio.file.Files
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

private val CODE = Regex("\\b\\d{6}\\b")

/** A real doorstep in development mode, in a folder of its own. */
class Server(settings: Map<String, String> = WITHOUT_LIMITS) {
    val url = "http://127.0.0.1:${freePort()}"
    private val folder = Files.createTempDirectory("doorstep-client-").toFile()
    private val process = start(settings)
    private val next = AtomicInteger(10_000_000)

    init {
        Runtime.getRuntime().addShutdownHook(thread(start = false) { stop() })
    }

    fun stop() {
        process.destroyForcibly().waitFor()
        folder.deleteRecursively()
    }

    /** A number that no test has used yet. */
    fun newPhone(): String = "+86139${next.getAndIncrement()}"

    /** The messages to a number. */
    fun messages(phone: String): List<String> {
        val outbox = File(folder, "data/outbox.log")
        return if (outbox.exists()) outbox.readLines().filter { it.startsWith("SMS to $phone:") } else emptyList()
    }

    /** The code of the last message to a number. */
    fun code(phone: String): String = CODE.find(messages(phone).last())!!.value

    /** The code of a message that may still be on its way: the sign-in answers before it sends. */
    fun codeOfMessage(number: Int, phone: String): String {
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10)
        while (messages(phone).size < number) {
            check(System.nanoTime() < deadline) { "no message $number to $phone" }
            Thread.sleep(2)
        }
        return code(phone)
    }

    private fun start(settings: Map<String, String>): Process {
        val builder = ProcessBuilder(BINARY.path).directory(folder).redirectErrorStream(true)
        val path = builder.environment()["PATH"]
        builder.environment().clear()
        builder.environment() += settings +
            mapOf("PATH" to path, "BIND" to url.removePrefix("http://"), "METRICS_BIND" to "off", "PUBLIC_URLS" to url)
        val process = builder.start()
        val isListening = CompletableFuture<Unit>()
        thread(isDaemon = true) {
            val output = StringBuilder()
            process.inputStream.bufferedReader().forEachLine { line ->
                output.appendLine(line)
                if ("listening on" in line) isListening.complete(Unit)
            }
            isListening.completeExceptionally(IllegalStateException("doorstep ended:\n$output"))
        }
        isListening.get(30, TimeUnit.SECONDS)
        return process
    }

    companion object {
        private val TREE = File("../../..").canonicalFile
        private val BINARY = File(System.getenv("DOORSTEP_BINARY") ?: "$TREE/target/debug/doorstep")

        /** Settings for tests with hundreds of requests. */
        val WITHOUT_LIMITS = mapOf(
            "COOLDOWN_SECONDS" to "1",
            "LIMIT_IP_CAPTCHAS" to "100000",
            "LIMIT_IP_PHONES_HOUR" to "100000",
            "LIMIT_IP_SENDS" to "100000",
            "LIMIT_IP_UNVERIFIED_HOUR" to "100000",
            "LIMIT_PHONE_DAY" to "100",
            "LIMIT_PHONE_HOUR" to "100",
            "PROOF_OF_WORK" to "off",
            "SMS_BUDGET_DAY" to "100000",
            "SMS_BUDGET_HOUR" to "100000",
            "SMS_BUDGET_REGION_HOUR" to "100000",
            "SMS_BUDGET_REGION_UNVERIFIED_HOUR" to "100000",
        )

        /** The server of all tests that need no settings of their own. */
        @JvmStatic
        val shared: Server by lazy { Server() }

        private fun freePort() = ServerSocket(0).use { it.localPort }
    }
}
