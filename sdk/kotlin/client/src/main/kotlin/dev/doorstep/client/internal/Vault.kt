package dev.doorstep.client.internal

import dev.doorstep.client.Store
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.serialization.SerializationException
import java.util.WeakHashMap

/** Reads and changes the record of the client. */
internal class Vault(private val store: Store, private val name: String) {
    suspend fun read(): Contents = parse(text())

    /** Changes the record with one write. Whatever another process has written to other parts of it stays. */
    suspend fun update(change: (Contents) -> Contents): Contents = exclusive("record") {
        val before = text()
        val contents = change(parse(before))
        val after = JSON.encodeToString(Contents.serializer(), contents)
        if (after != before) withContext(Dispatchers.IO) { store.set(name, after) }
        contents
    }

    /** Runs the task alone: among the clients of this process, and among processes if the store has a lock. */
    suspend fun <T> exclusive(name: String, task: suspend () -> T): T {
        val lock = "${this.name}.$name"
        return mutexOf(store, lock).withLock {
            val held = runInterruptible(Dispatchers.IO) { store.lock(lock) }
            try {
                task()
            } finally {
                withContext(Dispatchers.IO) { held?.close() }
            }
        }
    }

    private suspend fun text() = withContext(Dispatchers.IO) { store.get(name) }

    private fun parse(text: String?): Contents {
        val contents = try {
            text?.let { JSON.decodeFromString(Contents.serializer(), it) }
        } catch (_: SerializationException) {
            // Not written by this client.
            null
        }
        return contents?.takeIf { it.version == VERSION } ?: Contents(VERSION)
    }

    private companion object {
        const val VERSION = 1

        /** Clients in one process that share a store share its locks. */
        val mutexes = WeakHashMap<Store, MutableMap<String, Mutex>>()

        fun mutexOf(store: Store, lock: String): Mutex = synchronized(mutexes) {
            mutexes.getOrPut(store) { HashMap() }.getOrPut(lock) { Mutex() }
        }
    }
}
