package dev.doorstep.client.internal

private const val MILLISECONDS = 1000L

/** Seconds until a time, rounded up and never below zero. Both times are milliseconds on one clock. */
internal fun secondsUntil(time: Long, now: Long): Long =
    maxOf(0, (time - now + MILLISECONDS - 1) / MILLISECONDS)
