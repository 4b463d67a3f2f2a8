package dev.doorstep.client

import kotlinx.coroutines.delay

/** Time for the client. Tests replace it. */
public interface Clock {
    /** Milliseconds on a clock that the user cannot set. Its zero is arbitrary. */
    public fun monotonic(): Long

    /** Milliseconds since 1970 by the clock of the device: for proofs, and for hints after a restart. */
    public fun wall(): Long

    /** Waits, in milliseconds. */
    public suspend fun sleep(milliseconds: Long)
}

/** The clocks of the JVM. The monotonic one stops on Android while the device sleeps. */
public object SystemClock : Clock {
    override fun monotonic(): Long = System.nanoTime() / NANOSECONDS

    override fun wall(): Long = System.currentTimeMillis()

    override suspend fun sleep(milliseconds: Long): Unit = delay(milliseconds)

    private const val NANOSECONDS = 1_000_000
}
