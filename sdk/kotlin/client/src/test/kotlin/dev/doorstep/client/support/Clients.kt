package dev.doorstep.client.support

import dev.doorstep.client.CaptchaAnswer
import dev.doorstep.client.Clock
import dev.doorstep.client.Doorstep
import dev.doorstep.client.DoorstepException
import dev.doorstep.client.DoorstepOptions
import dev.doorstep.client.Store
import dev.doorstep.client.SystemClock
import dev.doorstep.client.Transport
import dev.doorstep.client.TransportResponse
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.fail
import java.util.Collections
import java.util.concurrent.atomic.AtomicLong

const val PASSWORD = "correct horse battery"
const val TOKEN_LIFE = 900_000L

/** A test of suspending functions. */
fun test(body: suspend CoroutineScope.() -> Unit): Unit =
    runBlocking(Dispatchers.Default) { withTimeout(50_000) { body() } }

/** A clock that does not wait: a sleep of the client takes no time. */
class QuickClock : Clock {
    private val ahead = AtomicLong()
    private val asleep = AtomicLong()

    fun advance(milliseconds: Long) {
        ahead.addAndGet(milliseconds)
    }

    /** The monotonic clock of some platforms stops while the device sleeps. */
    fun sleepDevice(milliseconds: Long) {
        asleep.addAndGet(milliseconds)
    }

    override fun monotonic() = SystemClock.monotonic() + ahead.get()

    override fun wall() = SystemClock.wall() + asleep.get()

    override suspend fun sleep(milliseconds: Long) = Unit
}

fun client(server: Server = Server.shared, configure: DoorstepOptions.() -> Unit = {}) = Doorstep(server.url) {
    deviceName = "Test phone"
    configure()
}

/** The answer that development mode accepts for every captcha. */
suspend fun solved(doorstep: Doorstep): CaptchaAnswer = doorstep.captcha().answer("letmein")

/** Signs a new user up. Returns the number. */
suspend fun signUp(doorstep: Doorstep, server: Server = Server.shared, phone: String = server.newPhone()): String {
    val flow = doorstep.signUp()
    flow.sendCode(phone, solved(doorstep))
    flow.verifyCode(server.code(phone))
    flow.setPassword(PASSWORD)
    flow.submitProfile("Ada")
    return phone
}

/** Does what a number that had a code a moment ago may not do yet: waits as long as the service says. */
suspend fun <T> afterCooldown(task: suspend () -> T): T =
    try {
        task()
    } catch (error: DoorstepException) {
        if (error.code != "resend_cooldown") throw error
        delay(error.retryAfter!! * 1000)
        task()
    }

/** Runs what must fail with this code. */
suspend fun fails(code: String, task: suspend () -> Unit): DoorstepException {
    try {
        task()
    } catch (error: DoorstepException) {
        assertEquals(code, error.code) { error.stackTraceToString() }
        return error
    }
    return fail("no error, expected $code")
}

fun reasonsOf(doorstep: Doorstep): List<String> {
    val reasons = Collections.synchronizedList(ArrayList<String>())
    doorstep.session.onSignedOut { reasons.add(it.name) }
    return reasons
}

/** A store on another one, without its identity: clients of both share no lock. */
class OtherStore(private val inner: Store) : Store {
    override fun get(key: String) = inner.get(key)

    override fun set(key: String, value: String?) = inner.set(key, value)
}

/** An answer of the service that a test makes up. */
fun problem(status: Int, code: String, vararg headers: Pair<String, String>) =
    TransportResponse(status, mapOf(*headers), """{"code":"$code","detail":"made up","status":$status}""")

/** The path of a URL. */
fun pathOf(url: String): String = java.net.URI(url).path

/** A transport that answers by itself, or passes the request on. */
fun answering(answer: suspend (path: String) -> TransportResponse?): Transport {
    val inner = dev.doorstep.client.OkHttpTransport()
    return Transport { request -> answer(pathOf(request.url)) ?: inner.send(request) }
}
