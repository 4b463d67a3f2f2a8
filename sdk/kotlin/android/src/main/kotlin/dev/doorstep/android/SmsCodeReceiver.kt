package dev.doorstep.android

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import dev.doorstep.client.Listener
import dev.doorstep.client.oneTimeCode

/**
 * Receives the message with the code from the SMS Retriever of Google Play services, which needs no permission to read
 * messages. Register it for [ACTION] with the permission [PERMISSION], so that no other app can send it a message.
 *
 * @param onCode Receives the code, on the main thread.
 */
public class SmsCodeReceiver(private val onCode: Listener<String>) : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        codeOf(intent)?.let(onCode::onEvent)
    }

    /** Names of the SMS Retriever, and the code of its intents. */
    public companion object {
        /** Action of its intents. */
        public const val ACTION: String = "com.google.android.gms.auth.api.phone.SMS_RETRIEVED"

        /** Permission that only its sender has. */
        public const val PERMISSION: String = "com.google.android.gms.auth.api.phone.permission.SEND"

        private const val MESSAGE = "com.google.android.gms.auth.api.phone.EXTRA_SMS_MESSAGE"

        /** The code in an intent of the SMS Retriever, `null` if it has none, as after five minutes without one. */
        @JvmStatic
        public fun codeOf(intent: Intent): String? =
            if (intent.action == ACTION) intent.getStringExtra(MESSAGE)?.let(::oneTimeCode) else null
    }
}
