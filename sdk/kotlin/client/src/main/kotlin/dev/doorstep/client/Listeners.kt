package dev.doorstep.client

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import java.util.concurrent.CopyOnWriteArraySet

/** A receiver of events. */
public fun interface Listener<T> {
    /**
     * Receives an event on a thread of the client. Return soon, and start coroutines or threads for calls of the
     * client. An exception goes to the handler of uncaught exceptions, and not to the client.
     */
    public fun onEvent(event: T)
}

/** A listener that can be removed. */
public fun interface Subscription {
    /** Removes the listener. */
    public fun cancel()
}

/** Listeners of one kind of event. */
internal class Listeners<T> {
    private val all = CopyOnWriteArraySet<Listener<T>>()

    fun add(listener: Listener<T>): Subscription {
        all.add(listener)
        return Subscription { all.remove(listener) }
    }

    fun emit(event: T) {
        for (listener in all) {
            try {
                deliver(listener, event)
            } catch (error: Exception) {
                uncaught.launch { throw error }
            }
        }
    }

    private fun deliver(listener: Listener<T>, event: T) {
        delivering.set(true)
        try {
            listener.onEvent(event)
        } finally {
            delivering.remove()
        }
    }

    companion object {
        private val uncaught = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        private val delivering = ThreadLocal<Boolean>()

        /** Tells whether this thread is delivering an event: it must not wait for the client then. */
        val isDelivering: Boolean get() = delivering.get() == true
    }
}
