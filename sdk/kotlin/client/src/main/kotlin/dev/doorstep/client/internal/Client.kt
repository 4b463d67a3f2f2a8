package dev.doorstep.client.internal

import dev.doorstep.client.DeviceKey
import dev.doorstep.client.DoorstepException
import dev.doorstep.client.KeyStore
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.withContext

/** Parts of the client that every other part needs. */
internal class Client(
    val api: Api,
    val vault: Vault,
    val keys: Keys,
    val clientId: String?,
    val deviceName: String?,
) {
    /**
     * The scope of all work. One coroutine of it runs at a time, so that its parts need no locks between two
     * suspensions.
     */
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default.limitedParallelism(1))

    /** Runs a call of the app. It goes on when its caller is cancelled. */
    suspend fun <T> run(call: suspend () -> T): T =
        try {
            scope.async { call() }.await()
        } catch (error: DoorstepException) {
            throw error.also { it.language = api.config.language }
        }
}

/** The keys of this device, on threads that may wait. A platform without a key store has none. */
internal class Keys(private val store: KeyStore?) {
    val exist: Boolean get() = store != null

    suspend fun create(name: String): DeviceKey? = withContext(Dispatchers.IO) { store?.create(name) }

    suspend fun get(name: String?): DeviceKey? = name?.let { withContext(Dispatchers.IO) { store?.get(it) } }

    /** Deletes those keys that nothing in the record names any more. A key that stays is no harm: no error is one. */
    suspend fun clean(contents: Contents, names: Collection<String?>) {
        val used = contents.keyNames()
        for (name in names.filterNotNull().toSet() - used) {
            withContext(Dispatchers.IO) { runCatching { store?.delete(name) } }
        }
    }
}
