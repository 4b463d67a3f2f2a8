package dev.doorstep.client

import dev.doorstep.client.support.OtherStore
import dev.doorstep.client.support.PASSWORD
import dev.doorstep.client.support.QuickClock
import dev.doorstep.client.support.TOKEN_LIFE
import dev.doorstep.client.support.answering
import dev.doorstep.client.support.client
import dev.doorstep.client.support.fails
import dev.doorstep.client.support.pathOf
import dev.doorstep.client.support.problem
import dev.doorstep.client.support.reasonsOf
import dev.doorstep.client.support.signUp
import dev.doorstep.client.support.test
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

class SessionTest {
    @Test
    fun `many callers wait for one refresh`() = test {
        val clock = QuickClock()
        val refreshes = AtomicInteger()
        val doorstep = client {
            this.clock = clock
            onRequest = RequestListener { if (it.operation == "tokensRefresh") refreshes.incrementAndGet() }
        }
        signUp(doorstep)
        clock.advance(TOKEN_LIFE)
        val tokens = List(20) { async { doorstep.session.accessToken() } }.awaitAll()
        assertEquals(1, tokens.toSet().size)
        assertEquals(1, refreshes.get())
    }

    @Test
    fun `a token with less life than the caller needs is refreshed`() = test {
        val clock = QuickClock()
        val doorstep = client { this.clock = clock }
        signUp(doorstep)
        val token = doorstep.session.accessToken()
        clock.advance(800_000)
        assertEquals(token, doorstep.session.accessToken(60))
        assertNotEquals(token, doorstep.session.accessToken(120))
    }

    @Test
    fun `an access token ends while the device sleeps`() = test {
        val clock = QuickClock()
        val doorstep = client { this.clock = clock }
        signUp(doorstep)
        val token = doorstep.session.accessToken()
        clock.sleepDevice(-3_600_000)
        assertEquals(token, doorstep.session.accessToken())
        clock.sleepDevice(3_600_000 + TOKEN_LIFE)
        assertNotEquals(token, doorstep.session.accessToken())
    }

    @Test
    fun `an access token that the service refuses is refreshed once`() = test {
        val store = MemoryStore()
        signUp(client { this.store = store })
        val paths = ArrayList<String>()
        val expired = AtomicBoolean()
        val tested = client {
            this.store = store
            transport = answering { path ->
                paths.add(path)
                problem(401, "token_expired").takeIf { expired.getAndSet(false) }
            }
        }
        tested.session.accessToken()
        paths.clear()
        expired.set(true)
        assertEquals("Ada", tested.account.me().nickname)
        assertEquals(listOf("/v1/me", "/v1/token/refresh", "/v1/me"), paths)
    }

    @Test
    fun `a sign-out works without a network, and keeps the device known`() = test {
        val isOffline = AtomicBoolean()
        val doorstep = client {
            clock = QuickClock()
            transport = answering { if (isOffline.get()) throw IOException("offline") else null }
        }
        val phone = signUp(doorstep)
        val reasons = reasonsOf(doorstep)
        isOffline.set(true)
        fails("network") { doorstep.session.signOut(everywhere = true) }
        assertEquals(SessionState.SIGNED_IN, doorstep.session.state)
        doorstep.session.signOut()
        assertEquals(SessionState.SIGNED_OUT, doorstep.session.state)
        assertEquals(listOf("signed_out"), reasons)
        fails("signed_out") { doorstep.session.accessToken() }
        isOffline.set(false)
        doorstep.signIn().withPassword(phone.drop(3), PASSWORD)
        assertTrue(doorstep.account.sessions().single { it.current }.knownDevice)
    }

    @Test
    fun `a refresh is not repeated before the Retry-After of the service`() = test {
        val clock = QuickClock()
        val isBusy = AtomicBoolean()
        val refusals = AtomicInteger()
        val doorstep = client {
            this.clock = clock
            transport = answering { path ->
                if (path != "/v1/token/refresh" || !isBusy.get()) return@answering null
                refusals.incrementAndGet()
                problem(503, "overloaded", "retry-after" to "60")
            }
        }
        signUp(doorstep)
        clock.advance(TOKEN_LIFE)
        isBusy.set(true)
        repeat(10) { fails("overloaded") { doorstep.session.accessToken() } }
        assertEquals(1, refusals.get())
        isBusy.set(false)
        clock.advance(60_000)
        doorstep.session.accessToken()
    }

    @Test
    fun `another device ends the session`() = test {
        val phone = client()
        val tablet = client { clock = QuickClock() }
        val number = signUp(phone)
        tablet.signIn().withPassword(number, PASSWORD)
        val reasons = reasonsOf(tablet)
        phone.account.endSession(phone.account.sessions().single { !it.current }.id)
        fails("signed_out") { tablet.account.me() }
        assertEquals(listOf("session_ended"), reasons)
    }

    @Test
    fun `a copied refresh token ends an unbound session, and the user is warned`() = test {
        val clock = QuickClock()
        val store = MemoryStore()
        val owner = client {
            this.store = store
            this.clock = clock
        }
        signUp(owner)
        val reasons = reasonsOf(owner)
        val copy = MemoryStore().apply { set("doorstep", store.get("doorstep")) }
        val thief = client {
            this.store = copy
            this.clock = clock
        }
        thief.session.accessToken()
        clock.advance(TOKEN_LIFE)
        thief.session.accessToken()
        clock.advance(TOKEN_LIFE)
        fails("signed_out") { owner.session.accessToken() }
        assertEquals(listOf("refresh_reused"), reasons)
    }

    @Test
    fun `what changes the refresh token holds the lock of the store`() = test {
        val held = ConcurrentHashMap.newKeySet<String>()
        val store = object : Store by MemoryStore() {
            override fun lock(name: String): AutoCloseable {
                held.add(name)
                return AutoCloseable { held.remove(name) }
            }
        }
        val during = ConcurrentHashMap<String, Boolean>()
        val clock = QuickClock()
        val doorstep = client {
            this.store = store
            this.clock = clock
            transport = answering { path ->
                during[path] = "doorstep.refresh" in held
                null
            }
        }
        signUp(doorstep)
        clock.advance(TOKEN_LIFE)
        doorstep.account.changePassword(PASSWORD, "staple battery horse")
        doorstep.account.me()
        val paths = listOf("/v1/token/refresh", "/v1/me/password", "/v1/me")
        assertEquals(listOf(true, true, false), paths.map(during::get))
        assertTrue(held.isEmpty())
    }

    @Test
    fun `a token that is refused because another process was faster ends nothing`() = test {
        val inner = MemoryStore()
        val other = client { store = OtherStore(inner) }
        signUp(other)
        val refusals = AtomicInteger(1)
        val slow = client {
            store = OtherStore(inner)
            transport = answering { path ->
                if (path != "/v1/token/refresh" || refusals.getAndDecrement() <= 0) return@answering null
                other.session.accessToken(10_000)
                problem(401, "refresh_invalid")
            }
        }
        val reasons = reasonsOf(slow)
        slow.session.accessToken()
        assertEquals(SessionState.SIGNED_IN, slow.session.state)
        assertEquals(emptyList<String>(), reasons)
    }

    @Test
    fun `a copy of a bound session is worth nothing, and its owner notices nothing`() = test {
        val store = MemoryStore()
        val clock = QuickClock()
        val owner = client {
            this.store = store
            this.clock = clock
            keys = MemoryKeys()
        }
        signUp(owner)
        val thief = client {
            this.store = MemoryStore().apply { set("doorstep", store.get("doorstep")) }
            keys = MemoryKeys()
        }
        fails("key_lost") { thief.session.accessToken() }
        assertEquals(SessionState.KEY_LOST, thief.session.state)
        clock.advance(TOKEN_LIFE)
        owner.session.accessToken()
        assertTrue(owner.session.bound)
    }

    @Test
    fun `a lost key is not a sign-out, and the sign-in makes a new key`() = test {
        val store = MemoryStore()
        val phone = signUp(
            client {
                this.store = store
                keys = MemoryKeys()
            },
        )
        val restarted = client {
            this.store = store
            keys = MemoryKeys()
        }
        val reasons = reasonsOf(restarted)
        assertEquals(SessionState.KEY_LOST, restarted.session.restore())
        assertEquals("Ada", restarted.session.user?.nickname)
        restarted.signIn().withPassword(phone, PASSWORD)
        assertEquals(SessionState.SIGNED_IN, restarted.session.state)
        assertTrue(restarted.session.bound)
        assertEquals(emptyList<String>(), reasons)
    }

    @Test
    fun `a wrong clock needs a nonce, and nobody notices`() = test {
        for (hours in listOf(-1L, 1L, 24L * 3650)) {
            val clock = QuickClock().apply { sleepDevice(hours * 3_600_000) }
            val doorstep = client {
                this.clock = clock
                keys = MemoryKeys()
            }
            signUp(doorstep)
            clock.advance(TOKEN_LIFE)
            assertEquals("Ada", doorstep.account.me().nickname)
            assertTrue(doorstep.session.bound)
        }
    }

    @Test
    fun `a second client of the store sees the end of the session and its reason`() = test {
        val store = MemoryStore()
        val first = client { this.store = store }
        val second = client {
            this.store = store
            clock = QuickClock()
        }
        signUp(first)
        assertEquals("Ada", second.account.me().nickname)
        val reasons = reasonsOf(second)
        first.deletion().withPassword(PASSWORD)
        fails("signed_out") { second.account.me() }
        assertEquals(listOf("account_deleted"), reasons)
    }

    @Test
    fun `what one user began never happens to another`() = test {
        val store = MemoryStore()
        val first = client { this.store = store }
        val second = client { this.store = store }
        signUp(first)
        second.account.me()
        first.session.signOut()
        signUp(first)
        first.account.update(nickname = "Grace")
        fails("user_changed") { second.account.update(nickname = "Ada II") }
        assertEquals("Grace", first.account.me().nickname)
        first.session.signOut()
        signUp(first)
        second.session.signOut()
        assertEquals(SessionState.SIGNED_IN, client { this.store = store }.session.restore())
    }

    @Test
    fun `errors in a log and in a listener are no errors of the client`() = test {
        val doorstep = client { onRequest = RequestListener { error("the disk is full") } }
        val reported = AtomicInteger()
        val handler = Thread.getDefaultUncaughtExceptionHandler()
        Thread.setDefaultUncaughtExceptionHandler { thread, error ->
            if (error.message == "a listener") reported.incrementAndGet() else handler?.uncaughtException(thread, error)
        }
        doorstep.session.onChange { error("a listener") }
        signUp(doorstep)
        assertEquals("Ada", doorstep.account.me().nickname)
        while (reported.get() == 0) kotlinx.coroutines.yield()
    }

    @Test
    fun `requests are not visible in texts for a log`() = test {
        val lines = ArrayList<String>()
        val doorstep = client { onRequest = RequestListener { lines.add("$it ${it.request} ${it.response}") } }
        signUp(doorstep)
        val token = doorstep.session.accessToken()
        assertFalse(lines.any { token in it || PASSWORD in it })
        assertTrue(lines.first().startsWith("POST http"))
        assertEquals("/v1/captchas", pathOf(lines.first().split(' ')[1].trimEnd(':')))
    }
}
