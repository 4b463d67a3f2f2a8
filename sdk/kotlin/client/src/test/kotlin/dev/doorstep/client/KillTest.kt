package dev.doorstep.client

import dev.doorstep.client.flows.Step
import dev.doorstep.client.support.FailingStore
import dev.doorstep.client.support.PASSWORD
import dev.doorstep.client.support.AppProcess
import dev.doorstep.client.support.QuickClock
import dev.doorstep.client.support.Server
import dev.doorstep.client.support.client
import dev.doorstep.client.support.signUp
import dev.doorstep.client.support.solved
import dev.doorstep.client.support.test
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import java.io.IOException

/**
 * The process of the app ends at every write of the store and at every request: nobody is signed out, no second message
 * is sent, and no second user is created.
 */
class KillTest {
    private val server = Server.shared

    private class Phone(isBound: Boolean) {
        val store = MemoryStore()
        val keys = if (isBound) MemoryKeys() else null

        fun start(process: AppProcess) = client {
            store = process.store(this@Phone.store)
            transport = process.transport()
            keys = this@Phone.keys
            clock = QuickClock()
        }
    }

    /** A user who goes on wherever the app is, until they are signed in. */
    private suspend fun signUpStepwise(doorstep: Doorstep, phone: String) {
        if (doorstep.session.restore() == SessionState.SIGNED_IN) return
        val flow = doorstep.signUp()
        flow.resume()
        var steps = 0
        while (doorstep.session.state != SessionState.SIGNED_IN) {
            assertTrue(steps++ < 6) { "stuck at ${flow.state}" }
            when (flow.state.step) {
                Step.START -> flow.sendCode(phone, solved(doorstep))
                Step.CODE -> flow.verifyCode(server.code(phone))
                Step.PASSWORD -> flow.setPassword(PASSWORD)
                else -> flow.submitProfile("Ada")
            }
        }
    }

    private suspend fun killed(process: AppProcess, work: suspend () -> Unit) {
        try {
            work()
        } catch (error: Exception) {
            if (!process.isKilled) throw error
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun `a sign-up is killed at every moment`(isBound: Boolean) = test {
        val counted = AppProcess()
        signUpStepwise(Phone(isBound).start(counted), server.newPhone())
        assertTrue(counted.moments().size > 20)
        for (moment in counted.moments()) {
            val phone = Phone(isBound)
            val number = server.newPhone()
            val process = AppProcess(moment)
            killed(process) { signUpStepwise(phone.start(process), number) }
            assertTrue(process.isKilled, moment)

            val restarted = phone.start(AppProcess())
            signUpStepwise(restarted, number)
            assertEquals(1, server.messages(number).size, moment)
            assertEquals(isBound, restarted.session.bound, moment)
            assertEquals(Step.START, restarted.signUp().resume().step, moment)
            assertEquals(1, restarted.account.sessions().size, moment)
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun `refreshes are killed at every moment`(isBound: Boolean) = test {
        val phone = Phone(isBound)
        signUp(phone.start(AppProcess()))
        val counted = AppProcess()
        phone.start(counted).account.me()
        for (moment in List(3) { counted.moments() }.flatten()) {
            val process = AppProcess(moment)
            killed(process) { phone.start(process).account.me() }
            assertTrue(process.isKilled, moment)
            assertEquals("Ada", phone.start(AppProcess()).account.me().nickname, moment)
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun `each write of a sign-up fails once, and the user repeats the step`(isBound: Boolean) = test {
        val counted = FailingStore(MemoryStore(), failing = 0)
        signUp(client { store = counted })
        for (failing in 1..counted.writes.get()) {
            val number = server.newPhone()
            val doorstep = client {
                store = FailingStore(MemoryStore(), failing)
                keys = if (isBound) MemoryKeys() else null
            }
            try {
                signUpStepwise(doorstep, number)
            } catch (_: IOException) {
                signUpStepwise(doorstep, number)
            }
            assertEquals(1, server.messages(number).size, "write $failing")
            assertEquals(1, doorstep.account.sessions().size, "write $failing")
        }
    }
}
