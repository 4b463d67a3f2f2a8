package dev.doorstep.client

import dev.doorstep.client.flows.Step
import dev.doorstep.client.support.Fault
import dev.doorstep.client.support.PASSWORD
import dev.doorstep.client.support.QuickClock
import dev.doorstep.client.support.Server
import dev.doorstep.client.support.TOKEN_LIFE
import dev.doorstep.client.support.answering
import dev.doorstep.client.support.client
import dev.doorstep.client.support.fails
import dev.doorstep.client.support.faulty
import dev.doorstep.client.support.problem
import dev.doorstep.client.support.reasonsOf
import dev.doorstep.client.support.signUp
import dev.doorstep.client.support.solved
import dev.doorstep.client.support.test
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource
import org.junit.jupiter.params.provider.ValueSource
import java.io.IOException
import java.util.ArrayDeque
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/** A network that loses and doubles requests and answers. */
class NetworkTest {
    private val server = Server.shared

    /** A transport that loses the answers to requests of some paths while the switch is on. */
    private fun losing(isOn: AtomicBoolean): Transport {
        val inner = OkHttpTransport()
        return Transport { request ->
            inner.send(request).also { if (isOn.get()) throw IOException("no network") }
        }
    }

    @ParameterizedTest
    @EnumSource(Fault::class)
    fun `a sign-up with a fault in three requests`(fault: Fault) = test {
        for (offset in 0..2) {
            val doorstep = client {
                transport = faulty { number -> fault.takeIf { (number + offset) % 3 == 0 } }
                clock = QuickClock()
                keys = MemoryKeys()
            }
            val phone = signUp(doorstep)
            assertEquals(1, server.messages(phone).size)
            assertEquals(1, doorstep.account.sessions().size)
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun `two clients on one store lose every third answer`(isBound: Boolean) = test {
        val store = MemoryStore()
        val keys = if (isBound) MemoryKeys() else null
        val clock = QuickClock()
        val clients = List(2) {
            client {
                this.store = store
                this.keys = keys
                this.clock = clock
                transport = faulty { number -> Fault.LOST_ANSWER.takeIf { number % 3 == 0 } }
            }
        }
        signUp(clients[0])
        val reasons = clients.map(::reasonsOf)
        val tokens = HashSet<String>()
        repeat(30) {
            clock.advance(TOKEN_LIFE)
            tokens += clients.map { async { it.session.accessToken() } }.awaitAll()
        }
        assertEquals(listOf(emptyList<String>(), emptyList()), reasons)
        assertTrue(tokens.size >= 30)
    }

    @Test
    fun `the next call completes the action before it`() = test {
        val isOffline = AtomicBoolean()
        val doorstep = client {
            transport = losing(isOffline)
            clock = QuickClock()
        }
        val flow = doorstep.signUp()
        val phone = server.newPhone()
        val captcha = solved(doorstep)
        isOffline.set(true)
        val error = fails("network") { flow.sendCode(phone, captcha) }
        assertTrue(error.unanswered)
        assertEquals(0, error.status)
        isOffline.set(false)
        // The page shows another captcha; the user taps the button again.
        flow.sendCode(phone, solved(doorstep))
        assertEquals(Step.CODE, flow.state.step)
        assertEquals(1, server.messages(phone).size)

        flow.verifyCode(server.code(phone))
        isOffline.set(true)
        fails("network") { flow.setPassword(PASSWORD) }
        fails("network") { flow.submitProfile("Ada") }
        isOffline.set(false)
        flow.submitProfile("Ada")
        assertEquals(SessionState.SIGNED_IN, doorstep.session.state)
    }

    @Test
    fun `no code is sent to a number that the user has corrected`() = test {
        val isOffline = AtomicBoolean(true)
        val doorstep = client {
            clock = QuickClock()
            transport = answering { path ->
                if (isOffline.get() && path.endsWith("/send-code")) throw IOException("offline") else null
            }
        }
        val flow = doorstep.signUp()
        val (mistyped, phone) = listOf(server.newPhone(), server.newPhone())
        val captcha = solved(doorstep)
        fails("network") { flow.sendCode(mistyped, captcha) }
        isOffline.set(false)
        flow.sendCode(phone, captcha)
        assertEquals(listOf(0, 1), listOf(mistyped, phone).map { server.messages(it).size })
    }

    @Test
    fun `a password change with a lost answer keeps the session`() = test {
        for (keys in listOf(null, MemoryKeys())) {
            val lost = AtomicInteger()
            val clock = QuickClock()
            val doorstep = client {
                transport = faulty { Fault.LOST_ANSWER.takeIf { lost.getAndDecrement() > 0 } }
                this.keys = keys
                this.clock = clock
            }
            signUp(doorstep)
            lost.set(2)
            doorstep.account.changePassword(PASSWORD, "staple battery horse")
            clock.advance(TOKEN_LIFE)
            assertTrue(doorstep.account.me().hasPassword)
        }
    }

    @Test
    fun `a deletion with a lost answer is a deletion`() = test {
        val lost = AtomicInteger()
        val doorstep = client {
            transport = faulty { Fault.LOST_ANSWER.takeIf { lost.getAndDecrement() > 0 } }
            clock = QuickClock()
        }
        signUp(doorstep)
        val reasons = reasonsOf(doorstep)
        lost.set(1)
        assertEquals(Step.DONE, doorstep.deletion().withPassword(PASSWORD).step)
        assertEquals(listOf("account_deleted"), reasons)
    }

    @Test
    fun `a busy service is asked again after a short Retry-After, a long one is an error`() = test {
        val refusals = ArrayDeque<String>()
        val doorstep = client {
            clock = QuickClock()
            transport = answering { refusals.poll()?.let { problem(503, "overloaded", "retry-after" to it) } }
        }
        signUp(doorstep)
        refusals += listOf("1", "2")
        doorstep.account.me()
        assertTrue(refusals.isEmpty())
        refusals += "60"
        assertEquals(60, fails("overloaded") { doorstep.account.me() }.retryAfter)

        // A captcha is used up by a refusal: the app shows another one.
        val captcha = solved(doorstep)
        refusals += "1"
        fails("overloaded") { doorstep.signIn().sendCode(server.newPhone(), captcha) }
    }

    @Test
    fun `the login page of a Wi-Fi is not an answer`() = test {
        val pages = listOf("<html>Log in</html>", "{}", """{"status":"log in"}""")
        for (page in pages) {
            val isPortal = AtomicBoolean()
            val quick = QuickClock()
            val doorstep = client {
                clock = quick
                transport = answering {
                    if (isPortal.get()) TransportResponse(200, mapOf("content-type" to "text/html"), page) else null
                }
            }
            val phone = signUp(doorstep)
            quick.advance(TOKEN_LIFE)
            isPortal.set(true)
            fails("invalid_answer") { doorstep.session.accessToken() }
            val flow = doorstep.signIn()
            assertTrue(fails("invalid_answer") { flow.withPassword(phone, PASSWORD) }.unanswered)
            assertEquals(Step.START, flow.state.step)
            assertEquals(SessionState.SIGNED_IN, doorstep.session.state)
            isPortal.set(false)
            assertEquals("Ada", doorstep.account.me().nickname)
        }
    }
}
