@file:JvmName("Android")

package dev.doorstep.android

import android.content.Context
import android.os.Build
import android.os.SystemClock
import dev.doorstep.client.Clock
import dev.doorstep.client.DoorstepOptions
import dev.doorstep.client.SystemClock as JvmClock

/** The clocks of Android. The monotonic one goes on while the device sleeps. */
public object AndroidClock : Clock by JvmClock {
    override fun monotonic(): Long = SystemClock.elapsedRealtime()
}

/** Sets what the platform has: an encrypted store, keys that cannot be copied, its clock, and the name of the model. */
public fun DoorstepOptions.onAndroid(context: Context) {
    store = AndroidStore(context)
    keys = AndroidKeys()
    clock = AndroidClock
    deviceName = Build.MODEL
}
