package dev.doorstep.driver

import com.sun.net.httpserver.HttpServer
import kotlinx.coroutines.runBlocking
import java.net.InetSocketAddress
import java.nio.file.Files
import kotlin.system.exitProcess

/** An answer that every operation here can read. */
private const val ANSWER = """{"id":"u","nickname":"Ada","user":{"id":"u","nickname":"Ada"},"access_token":"a",
    "refresh_token":"r","device_token":"d","refresh_bound":true,"expires_in":0,"refresh_expires_in":900,
    "token_type":"Bearer","captcha_id":"c","media_type":"image/png","prompt":"","input":"text",
    "sessions":[],"password_changed_at":""}"""

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
            exchange.sendResponseHeaders(200, ANSWER.length.toLong())
            exchange.responseBody.use { it.write(ANSWER.toByteArray()) }
        }
        server.start()
        val folder = Files.createTempDirectory("doorstep-driver-").toFile()
        val driver = Driver()
        val options = """{"base_url":"http://127.0.0.1:${server.address.port}","store":"$folder","keys":"$folder"}"""
        val verbs = listOf(
            """{"id":1,"do":"open","with":$options}""",
            """{"id":2,"do":"session.state"}""",
            """{"id":3,"do":"captcha.create"}""",
            """{"id":4,"do":"sign_up.send_code","with":{"phone_number":"13800138000","captcha":$CAPTCHA}}""",
            """{"id":5,"do":"sign_in.with_password","with":{"phone_number":"13800138000","password":"12345678"}}""",
            """{"id":6,"do":"account.me"}""",
            """{"id":7,"do":"account.sessions"}""",
            """{"id":8,"do":"sign_in.verify_code","with":{"code":"123456"}}""",
            """{"id":9,"do":"session.sign_out"}""",
        )
        runBlocking { verbs.forEach { driver.answer(it) } }
        folder.deleteRecursively()
        exitProcess(0)
    }
}
