package dev.doorstep.client.support

import dev.doorstep.client.OkHttpTransport
import dev.doorstep.client.Store
import dev.doorstep.client.Transport
import java.io.IOException
import java.util.concurrent.atomic.AtomicInteger

/** Counts what a client does, and ends its process at one moment. Nothing works in a process that has ended. */
class AppProcess(private val at: String? = null) {
    val writes = AtomicInteger()
    val requests = AtomicInteger()

    @Volatile
    var isKilled = false
        private set

    /** A store of this process on a store of the device. */
    fun store(inner: Store): Store = object : Store {
        override fun get(key: String): String? {
            alive()
            return inner.get(key)
        }

        override fun set(key: String, value: String?) {
            alive()
            val write = "write ${writes.incrementAndGet()}"
            reach("$write before")
            inner.set(key, value)
            reach("$write after")
        }
    }

    fun transport(inner: Transport = OkHttpTransport()) = Transport { request ->
        alive()
        val sent = "request ${requests.incrementAndGet()}"
        reach("$sent before")
        val response = inner.send(request)
        reach("$sent after")
        alive()
        response
    }

    /** Every moment at which this work could have been killed. */
    fun moments(): List<String> = of("write", writes.get()) + of("request", requests.get())

    private fun of(name: String, count: Int) = (1..count).flatMap { listOf("$name $it before", "$name $it after") }

    private fun reach(moment: String) {
        if (moment != at) return
        isKilled = true
        alive()
    }

    private fun alive() {
        if (isKilled) throw IOException("the process has ended")
    }
}

enum class Fault { LOST_ANSWER, LOST_REQUEST, DOUBLED }

/** A network with a fault for some requests, which are counted from one. */
fun faulty(choose: (number: Int) -> Fault?): Transport {
    val inner = OkHttpTransport()
    val number = AtomicInteger()
    return Transport { request ->
        val fault = choose(number.incrementAndGet())
        if (fault == Fault.LOST_REQUEST) throw IOException("lost request")
        val response = inner.send(request)
        if (fault == Fault.LOST_ANSWER) throw IOException("lost answer")
        if (fault == Fault.DOUBLED) inner.send(request) else response
    }
}

/** A store whose write of this number fails. */
class FailingStore(private val inner: Store, private val failing: Int) : Store {
    val writes = AtomicInteger()

    override fun get(key: String) = inner.get(key)

    override fun set(key: String, value: String?) {
        if (writes.incrementAndGet() == failing) throw IOException("the disk is full")
        inner.set(key, value)
    }
}
