package dev.doorstep.driver

import com.sun.net.httpserver.HttpServer
import kotlinx.coroutines.runBlocking
import java.net.InetSocketAddress
import java.nio.file.Files
import kotlin.system.exitProcess

private const val BUSY = """{"code":"phone_limit_reached","retry_after":60,"detail":"","status":429}"""

private const val CAPTCHA = """{"id":"a","answer":"b"}"""

/**
 * Uses most classes of the client once, so that the JVM writes them into an archive (`-XX:ArchiveClassesAtExit`): the
 * driver then starts in half of the time.
 */
internal object Train {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)
        server.createContext("/") { exchange ->
            exchange.sendResponseHeaders(429, BUSY.length.toLong())
            exchange.responseBody.use { it.write(BUSY.toByteArray()) }
        }
        server.start()
        val folder = Files.createTempDirectory("doorstep-driver-").toFile()
        val driver = Driver()
        val options = """{"base_url":"http://127.0.0.1:${server.address.port}","store":"$folder","keys":"$folder"}"""
        val verbs = listOf(
            """{"id":1,"do":"open","with":$options}""",
            """{"id":2,"do":"session.state"}""",
            """{"id":3,"do":"account.me"}""",
            """{"id":4,"do":"sign_in.with_password","with":{"phone_number":"13800138000","password":"12345678"}}""",
            """{"id":5,"do":"sign_in.send_code","with":{"phone_number":"13800138000","captcha":$CAPTCHA}}""",
        )
        runBlocking { verbs.forEach { driver.answer(it) } }
        folder.deleteRecursively()
        exitProcess(0)
    }
}
