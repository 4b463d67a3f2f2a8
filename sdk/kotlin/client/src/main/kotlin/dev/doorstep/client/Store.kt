package dev.doorstep.client

import java.util.concurrent.ConcurrentHashMap

/**
 * Place of the one record of the client: tokens, device tokens and the flow that is open. It contains secrets. Every
 * call is on a thread that may wait.
 */
public interface Store {
    /** The value of this key, `null` if there is none. */
    public fun get(key: String): String?

    /** Writes the whole value or nothing. `null` removes it. */
    public fun set(key: String, value: String?)

    /**
     * Waits until no other process holds the lock of this name, and takes it until the result is closed, on any thread.
     * Needed only where several processes use the same store and sessions are not bound to a key: `null` is no lock.
     */
    public fun lock(name: String): AutoCloseable? = null
}

/** A store that ends with the process. */
public class MemoryStore : Store {
    private val values = ConcurrentHashMap<String, String>()

    override fun get(key: String): String? = values[key]

    override fun set(key: String, value: String?) {
        if (value == null) values.remove(key) else values[key] = value
    }
}
