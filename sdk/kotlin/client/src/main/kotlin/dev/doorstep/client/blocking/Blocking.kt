package dev.doorstep.client.blocking

import dev.doorstep.client.Listeners
import kotlinx.coroutines.runBlocking
import java.util.concurrent.CancellationException

/** Waits for a call. */
internal fun <T> wait(call: suspend () -> T): T {
    check(!Listeners.isDelivering) { "a listener must not wait for the client: use another thread" }
    return try {
        runBlocking { call() }
    } catch (error: InterruptedException) {
        // Java cannot catch a checked exception that nothing declares.
        Thread.currentThread().interrupt()
        throw CancellationException("interrupted").apply { initCause(error) }
    }
}
