package dev.doorstep.driver

import dev.doorstep.client.Captcha
import dev.doorstep.client.DeviceSession
import dev.doorstep.client.FieldProblem
import dev.doorstep.client.PendingAct
import dev.doorstep.client.User
import dev.doorstep.client.flows.FlowState
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.addJsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

internal fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

internal fun JsonObject.textOrNull(name: String): String? = this[name]?.jsonPrimitive?.content

internal fun JsonObject.longOrNull(name: String): Long? = this[name]?.jsonPrimitive?.long

internal fun JsonObject.flag(name: String): Boolean = this[name]?.jsonPrimitive?.boolean ?: false

internal fun JsonObject.textsOrNull(name: String): List<String>? =
    this[name]?.jsonArray?.map { it.jsonPrimitive.content }

internal fun texts(values: List<String>): JsonArray = JsonArray(values.map(::JsonPrimitive))

internal fun described(fields: List<FieldProblem>): JsonArray = buildJsonArray {
    for (field in fields) {
        addJsonObject {
            put("field", field.field)
            put("pointer", field.pointer)
            put("code", field.code)
            put("detail", field.detail)
        }
    }
}

internal fun described(state: FlowState): JsonObject = buildJsonObject {
    put("step", state.step.name.lowercase())
    put("server_step", state.serverStep)
    state.phoneNumber?.let { put("phone_number", it) }
    state.attemptsLeft?.let { put("attempts_left", it) }
    state.endedBy?.let { put("ended_by", it) }
    state.question?.let { question ->
        putJsonObject("question") {
            put("reason", question.reason)
            question.act?.let { put("act", it) }
            question.retryAfter?.let { put("retry_after", it) }
            put("start_anew", question.startAnew)
        }
    }
    put("resend_in", state.resendIn())
    put("expires_in", state.expiresIn())
}

internal fun described(captcha: Captcha): JsonObject = buildJsonObject {
    put("id", captcha.id)
    put("kind", captcha.kind.name.lowercase())
    put("media_type", captcha.mediaType)
    put("prompt", captcha.prompt)
    put("input", captcha.input)
    captcha.length?.let { put("length", it) }
    put("expires_in", captcha.expiresIn)
}

internal fun described(user: User): JsonObject = buildJsonObject {
    put("id", user.id)
    put("phone_number", user.phoneNumber)
    put("phone_confirm_due", user.phoneConfirmDue)
    put("has_password", user.hasPassword)
    put("nickname", user.nickname)
    put("avatar_url", user.avatarUrl)
    put("gender", user.gender)
    put("birthday", user.birthday)
    put("consent_due", texts(user.consentDue))
    put("created_at", user.createdAt)
    put("updated_at", user.updatedAt)
}

internal fun described(session: DeviceSession): JsonElement = buildJsonObject {
    put("id", session.id)
    session.deviceName?.let { put("device_name", it) }
    put("current", session.current)
    put("created_at", session.createdAt)
    put("last_used_at", session.lastUsedAt)
    put("expires_at", session.expiresAt)
    put("known_device", session.knownDevice)
    session.deviceKnownSince?.let { put("device_known_since", it) }
}

internal fun described(act: PendingAct): JsonElement = buildJsonObject {
    put("id", act.id)
    put("kind", act.kind)
    act.phoneNumber?.let { put("phone_number", it) }
    act.deviceName?.let { put("device_name", it) }
    put("own", act.own)
    put("approved", act.approved)
    put("asked_at", act.askedAt)
    put("ready_at", act.readyAt)
    put("expires_at", act.expiresAt)
}
