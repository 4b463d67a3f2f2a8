package dev.doorstep.client

import dev.doorstep.client.flows.FlowState
import dev.doorstep.client.flows.Step
import dev.doorstep.client.support.PASSWORD
import dev.doorstep.client.support.QuickClock
import dev.doorstep.client.support.Server
import dev.doorstep.client.support.afterCooldown
import dev.doorstep.client.support.answering
import dev.doorstep.client.support.client
import dev.doorstep.client.support.fails
import dev.doorstep.client.support.signUp
import dev.doorstep.client.support.solved
import dev.doorstep.client.support.test
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.ConcurrentHashMap

class FlowsTest {
    private val server = Server.shared

    @Test
    fun `an action goes on when the screen is closed`() = test {
        val isSent = CompletableDeferred<Unit>()
        val isClosed = CompletableDeferred<Unit>()
        val doorstep = client {
            transport = answering { path ->
                if (path.endsWith("/send-code")) {
                    isSent.complete(Unit)
                    isClosed.await()
                }
                null
            }
        }
        val flow = doorstep.signUp()
        val phone = server.newPhone()
        val captcha = solved(doorstep)
        val screen = launch { flow.sendCode(phone, captcha) }
        isSent.await()
        screen.cancelAndJoin()
        isClosed.complete(Unit)
        assertEquals(Step.CODE, flow.states.first { it.step != Step.START }.step)
        assertEquals(1, server.messages(phone).size)
    }

    @Test
    fun `a button that is tapped twice is one action`() = test {
        val doorstep = client()
        val flow = doorstep.signUp()
        val phone = server.newPhone()
        val captcha = solved(doorstep)
        val states = ArrayList<Step>()
        flow.onChange { states.add(it.step) }
        val taps = List(2) { launch { flow.sendCode(phone, captcha) } }
        taps.forEach { it.join() }
        assertEquals(1, server.messages(phone).size)
        assertEquals(listOf(Step.CODE), states)
        fails("code_wrong") { flow.verifyCode(if (server.code(phone) == "000000") "111111" else "000000") }
        assertEquals(4, flow.state.attemptsLeft)
        assertTrue(flow.state.resendIn() in 0..1)
        assertTrue(flow.state.expiresIn() in 200..300)
    }

    @Test
    fun `a password reset is killed after each step, and ends in the sign-in`() = test {
        val store = MemoryStore()
        val phone = signUp(client())
        suspend fun restarted() = client { this.store = store }.let { it to it.passwordReset().apply { resume() } }
        val (doorstep, first) = restarted()
        afterCooldown { first.sendCode(phone, solved(doorstep)) }
        val (_, second) = restarted()
        assertEquals(Step.CODE, second.state.step)
        second.verifyCode(server.codeOfMessage(2, phone))
        val (last, third) = restarted()
        assertEquals(Step.PASSWORD, third.state.step)
        assertEquals(Step.DONE, third.setPassword("staple battery horse").step)
        assertEquals(Step.START, restarted().second.state.step)
        last.signIn().withPassword(phone, "staple battery horse")
        assertEquals(SessionState.SIGNED_IN, last.session.state)
    }

    @Test
    fun `a flow that the service has ended in the meantime is over at the next start`() = test {
        val store = MemoryStore()
        val phone = signUp(client())
        val doorstep = client { this.store = store }
        val flow = doorstep.signIn()
        afterCooldown { flow.sendCode(phone, solved(doorstep)) }
        val copy = MemoryStore().apply { set("doorstep", store.get("doorstep")) }
        flow.verifyCode(server.codeOfMessage(2, phone))
        val state = client { this.store = copy }.signIn().resume()
        assertEquals(Step.ENDED, state.step)
        assertEquals("ticket_expired", state.endedBy)
        assertTrue("\"flows\":{}" in copy.get("doorstep")!!)
    }

    @Test
    fun `a change of number is held, and continues after a restart`() = test {
        val store = MemoryStore()
        val doorstep = client { this.store = store }
        signUp(doorstep)
        val phone = server.newPhone()
        doorstep.phoneChange().sendCode(phone, PASSWORD)
        val restarted = client { this.store = store }
        val flow = restarted.phoneChange()
        assertEquals(Step.CODE, flow.resume().step)
        isHeld(flow.verifyCode(server.code(phone)))
        isHeld(client { this.store = store }.phoneChange().resume())
        val act = restarted.account.pending().single()
        assertEquals("phone_change", act.kind)
        assertTrue(act.own)
        restarted.account.refuse(act.id)
        assertEquals(0, restarted.account.pending().size)
    }

    private fun isHeld(state: FlowState) {
        assertEquals(Step.PROVE, state.step)
        assertEquals("held", state.question?.reason)
        assertEquals("phone_change", state.question?.act)
        assertTrue(state.question!!.retryAfter!! > 80_000)
    }

    @Test
    fun `a flow of a session ends with the session`() = test {
        val store = MemoryStore()
        val doorstep = client { this.store = store }
        signUp(doorstep)
        doorstep.phoneChange().sendCode(server.newPhone(), PASSWORD)
        doorstep.session.signOut()
        assertTrue("\"flows\":{}" in store.get("doorstep")!!)
        signUp(doorstep)
        assertEquals(Step.START, doorstep.phoneChange().resume().step)
    }

    @Test
    fun `a user without a password sets the first one`() = test {
        val optional = Server(Server.WITHOUT_LIMITS + mapOf("PASSWORD_MODE" to "optional", "NUMBER_STALE_DAYS" to "0"))
        val doorstep = client(optional)
        val phone = optional.newPhone()
        val signUp = doorstep.signUp()
        signUp.sendCode(phone, solved(doorstep))
        signUp.verifyCode(optional.code(phone))
        signUp.submitProfile("Ada")
        val flow = doorstep.firstPassword()
        afterCooldown { flow.sendCode() }
        val code = optional.codeOfMessage(2, phone)
        fails("password_too_weak") { flow.setPassword(code, "password1") }
        assertEquals(Step.DONE, flow.setPassword(code, PASSWORD).step)
        assertTrue(doorstep.account.me().hasPassword)
        optional.stop()
    }

    @Test
    fun `a call before its step is an error, and changes nothing`() = test {
        val flow = client().signUp()
        assertEquals(0, fails("wrong_step") { flow.verifyCode("123456") }.status)
        fails("wrong_step") { flow.submitProfile("Ada") }
        assertEquals(Step.START, flow.state.step)
    }

    @Test
    fun `a first code that nobody waits for any more is not sent`() = test {
        val store = MemoryStore()
        val clock = QuickClock()
        val doorstep = client {
            this.store = store
            this.clock = clock
            transport = answering { if (it.endsWith("/send-code")) throw IOException("offline") else null }
        }
        val phone = server.newPhone()
        fails("network") { doorstep.signUp().sendCode(phone, solved(doorstep)) }
        clock.sleepDevice(601_000)
        val restarted = client {
            this.store = store
            this.clock = clock
        }
        assertEquals(Step.START, restarted.signUp().resume().step)
        assertEquals(0, server.messages(phone).size)
    }

    @Test
    fun `a flow leaves no key behind`() = test {
        val names = ConcurrentHashMap.newKeySet<String>()
        val inner = MemoryKeys()
        val counted = object : KeyStore by inner {
            override fun create(name: String): DeviceKey = inner.create(name).also { names.add(name) }

            override fun delete(name: String) {
                names.remove(name)
                inner.delete(name)
            }
        }
        val doorstep = client { keys = counted }
        val phone = signUp(doorstep)
        assertEquals(1, names.size)
        doorstep.session.signOut()
        val wrong = doorstep.signIn()
        for (password in listOf("wrong password 1", "wrong password 2")) {
            fails("credentials_invalid") { wrong.withPassword(server.newPhone(), password) }
        }
        assertEquals(2, names.size)
        wrong.cancel()
        assertEquals(1, names.size)
        doorstep.signIn().withPassword(phone, PASSWORD)
        assertEquals(1, names.size)
        doorstep.session.signOut(forgetDevice = true)
        assertEquals(0, names.size)
    }

    @Test
    fun `a sign-in that had become a sign-up starts over as a sign-in`() = test {
        val paths = ArrayList<String>()
        val dormant = """{"code":"account_dormant","step":"prove_account","start_anew":true,"expires_in":300}"""
        val fixed = mapOf(
            "/v1/login/verify-code" to TransportResponse(409, emptyMap(), dormant),
            "/v1/login/start-anew" to
                TransportResponse(200, emptyMap(), """{"step":"set_password","expires_in":900}"""),
        )
        val doorstep = client {
            transport = answering { path ->
                paths.add(path)
                fixed[path]
            }
        }
        val flow = doorstep.signIn()
        flow.sendCode(server.newPhone(), solved(doorstep))
        val question = flow.verifyCode("123456").question!!
        assertEquals("dormant", question.reason)
        assertTrue(question.startAnew)
        assertEquals(Step.PASSWORD, flow.startAnew().step)
        fails("wrong_step") { flow.claim() }
        flow.sendCode(server.newPhone(), solved(doorstep))
        fails("wrong_step") { flow.submitProfile("Ada") }
        flow.verifyCode("123456")
        assertEquals("/v1/login/verify-code", paths.last())
    }
}
