package dev.doorstep.client.flows

import dev.doorstep.client.DeviceKey
import dev.doorstep.client.generated.Fields
import dev.doorstep.client.generated.Operation
import dev.doorstep.client.generated.RequestBody
import dev.doorstep.client.internal.Client
import dev.doorstep.client.internal.StoredDevice
import dev.doorstep.client.internal.StoredFlow
import dev.doorstep.client.internal.findDevice
import dev.doorstep.client.name
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** Fields that the device adds to the body of an action. */
internal class DeviceFacts(val token: String?, val clientId: String?, val deviceName: String?) {
    companion object {
        val NONE = DeviceFacts(null, null, null)
    }
}

/**
 * An action of the user in a flow.
 *
 * @property signsIn The answer has tokens: the request needs the proof of a key.
 * @property sendsDevice It sends the device token of the account, where there is one.
 * @property body Called when the actions before it are answered.
 */
internal class Action(
    val operation: Operation<*>,
    val signsIn: Boolean = false,
    val sendsDevice: Boolean = false,
    val body: (StoredFlow, DeviceFacts) -> RequestBody,
) {
    /** The part of the body that the user has given. */
    fun ownBody(flow: StoredFlow): JsonObject = body(flow, DeviceFacts.NONE).toJson()
}

/** A request without its idempotency key. */
internal class Prepared(val operation: String, val body: JsonObject, val key: String?)

/** Adds to an action what the device knows: its token, its key, its name. */
internal class ActionMaker(private val client: Client, private val record: FlowRecord) {
    private class Choice(val key: String?, val isLost: Boolean)

    suspend fun prepare(action: Action): Prepared {
        val known = knownDevice(action.ownBody(record.data))
        val choice = chooseKey(action.signsIn, known.takeIf { action.sendsDevice })
        val token = known?.token.takeIf { action.sendsDevice && !choice.isLost }
        val facts = DeviceFacts(token, client.clientId, client.deviceName)
        return Prepared(action.operation.id, action.body(record.data, facts).toJson(), choice.key)
    }

    suspend fun key(name: String?): DeviceKey? = client.keys.get(name)

    /** Deletes the key of an abandoned flow. */
    suspend fun cleanKey(name: String?) {
        client.keys.clean(client.vault.read(), listOf(name))
    }

    /** The device of the account whose number the user typed, now or at the start of the flow. */
    private suspend fun knownDevice(body: JsonObject): StoredDevice? {
        val contents = client.vault.read()
        val number = body[Fields.FORMER_PHONE_NUMBER] ?: body[Fields.PHONE_NUMBER]
        if (number == null) return contents.devices.find { it.userId == record.data.deviceOf }
        val device = contents.findDevice((number as JsonPrimitive).content)
        record.data = record.data.copy(deviceOf = device?.userId)
        return device
    }

    /**
     * The key of a known device, because its device token needs it; else a new key for an action that signs in. The
     * token of a device whose key is lost is worth nothing.
     */
    private suspend fun chooseKey(signsIn: Boolean, device: StoredDevice?): Choice {
        if (device?.key != null && key(device.key) != null) return Choice(device.key, isLost = false)
        return Choice(if (signsIn) ownKey() else null, isLost = device?.key != null)
    }

    /** One key for all attempts of the flow. A platform that cannot store keys gets an unbound session. */
    private suspend fun ownKey(): String? {
        val known = record.data.key
        if (!client.keys.exist || key(known) != null) return known
        val name = client.api.config.random.name()
        try {
            client.keys.create(name)
        } catch (_: Exception) {
            return null
        }
        record.data = record.data.copy(key = name)
        return name
    }
}
