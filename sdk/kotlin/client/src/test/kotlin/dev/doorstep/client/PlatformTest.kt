package dev.doorstep.client

import com.sun.net.httpserver.HttpServer
import dev.doorstep.client.support.test
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.IOException
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import java.security.MessageDigest
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread

/** Store, transport and proof of work of the JVM. */
class PlatformTest {
    @Test
    fun `a file store keeps values for its owner only`(@TempDir folder: File) {
        val store = FileStore(File(folder, "new"))
        assertNull(store.get("a/b"))
        store.set("a/b", "first")
        store.set("a/b", "zwei 二")
        assertEquals("zwei 二", FileStore(File(folder, "new")).get("a/b"))
        val files = File(folder, "new").listFiles()!!
        assertEquals(1, files.size)
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(files[0].toPath())))
        store.set("a/b", null)
        store.set("a/b", null)
        assertNull(store.get("a/b"))
        assertEquals(0, File(folder, "new").listFiles()!!.size)
    }

    @Test
    fun `a file that cannot be written is an error`(@TempDir folder: File) {
        File(folder, "file").writeText("")
        val store = FileStore(File(folder, "file"))
        assertThrows(IOException::class.java) { store.set("a", "b") }
    }

    @Test
    fun `readers see the old or the new text`(@TempDir folder: File) {
        val texts = listOf("a".repeat(100_000), "b".repeat(50_000))
        val store = FileStore(folder).apply { set("key", texts[0]) }
        val writer = thread { repeat(100) { store.set("key", texts[it % 2]) } }
        while (writer.isAlive) assertTrue(FileStore(folder).get("key") in texts)
    }

    @Test
    fun `a lock ends with its process`(@TempDir folder: File) {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val command = listOf(java, "-Xshare:auto", "-cp", System.getProperty("java.class.path"), HOLDER, folder.path)
        val holder = ProcessBuilder(command).redirectErrorStream(true).start()
        assertEquals("held", holder.inputStream.bufferedReader().readLine())
        val waiting = thread { FileStore(folder).lock("refresh").close() }
        // The other process holds the lock, and other locks are free.
        FileStore(folder).lock("record").close()
        waiting.join(100)
        assertTrue(waiting.isAlive)
        holder.destroyForcibly()
        waiting.join(10_000)
        assertTrue(!waiting.isAlive)
    }

    @Test
    fun `stores of one process wait for each other`(@TempDir folder: File) {
        var inside = 0
        val threads = List(4) {
            thread {
                repeat(25) {
                    FileStore(folder).lock("a").use {
                        inside++
                        Thread.yield()
                        assertEquals(1, inside)
                        inside--
                    }
                }
            }
        }
        threads.forEach { it.join() }
        assertEquals(0, inside)
    }

    @Test
    fun `a transport follows no redirect, and has no cookies and no charset`() = test {
        val seen = CopyOnWriteArrayList<String>()
        val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)
        server.createContext("/") { exchange ->
            val headers = exchange.requestHeaders
            seen += "${exchange.requestMethod} ${exchange.requestURI} ${headers["cookie"]} ${headers["content-type"]}"
            exchange.responseHeaders["location"] = "/other"
            exchange.responseHeaders["set-cookie"] = "a=b"
            exchange.responseHeaders["x-Two"] = listOf("1", "2")
            exchange.sendResponseHeaders(307, -1)
            exchange.close()
        }
        server.start()
        val url = "http://127.0.0.1:${server.address.port}/first"
        val transport = OkHttpTransport()
        repeat(2) {
            val headers = mapOf("content-type" to "application/json")
            val response = transport.send(TransportRequest("POST", url, headers, "{}", 5_000))
            assertEquals(307, response.status)
            assertEquals("1, 2", response.headers["x-two"])
        }
        assertEquals(List(2) { "POST /first null [application/json]" }, seen)
        server.stop(0)
    }

    @Test
    fun `an answer that does not come in time, or not whole, is no answer`() = test {
        ServerSocket(0).use { silent ->
            val request = TransportRequest("GET", "http://127.0.0.1:${silent.localPort}/", emptyMap(), null, 200)
            assertThrows(IOException::class.java) { test { OkHttpTransport().send(request) } }
        }
        ServerSocket(0).use { cutting ->
            thread(isDaemon = true) {
                cutting.accept().use { socket ->
                    socket.getInputStream().read()
                    socket.getOutputStream().write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".toByteArray())
                }
            }
            val request = TransportRequest("GET", "http://127.0.0.1:${cutting.localPort}/", emptyMap(), null, 5_000)
            assertThrows(IOException::class.java) { test { OkHttpTransport().send(request) } }
        }
    }

    @Test
    fun `a proof of work has its zero bits`() = test {
        for (bits in listOf(0, 1, 7, 8, 9, 13, 16)) {
            val nonce = CpuSolver.solve("challenge$bits", bits)
            val hash = MessageDigest.getInstance("SHA-256").digest("challenge$bits:$nonce".toByteArray())
            val zeros = hash.joinToString("") { "%8s".format((it.toInt() and 0xff).toString(2)).replace(' ', '0') }
            assertTrue(zeros.startsWith("0".repeat(bits)), "$bits: $zeros")
        }
    }

    @Test
    fun `a proof of work stops with its caller`() = test {
        var error: Throwable? = null
        val caller = launch { runCatching { CpuSolver.solve("challenge", 255) }.onFailure { error = it } }
        withTimeout(5_000) { caller.cancelAndJoin() }
        assertTrue(error == null || error is CancellationException)
    }

    private companion object {
        const val HOLDER = "dev.doorstep.client.LockHolder"
    }
}

/** A process that takes a lock and keeps it. */
object LockHolder {
    @JvmStatic
    fun main(arguments: Array<String>) {
        FileStore(File(arguments[0])).lock("refresh")
        println("held")
        Thread.sleep(60_000)
    }
}
