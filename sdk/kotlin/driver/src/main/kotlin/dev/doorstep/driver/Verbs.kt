package dev.doorstep.driver

import dev.doorstep.client.Captcha
import dev.doorstep.client.CaptchaKind
import dev.doorstep.client.CaptchaTheme
import dev.doorstep.client.Doorstep
import dev.doorstep.client.Gender
import dev.doorstep.client.ProfileField
import dev.doorstep.client.Store
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import java.io.File

/** The verbs of the protocol. [say] sends an event. */
internal class Verbs(private val say: (JsonObject) -> Unit) {
    private lateinit var doorstep: Doorstep
    private lateinit var captcha: Captcha
    private val flows by lazy { FlowVerbs(doorstep) }

    suspend fun run(line: String, parameters: JsonObject): JsonElement {
        val (target, verb) = "$line.".split('.')
        return when (target) {
            "open" -> open(parameters)
            "captcha" -> captcha(verb, parameters)
            "session" -> session(verb, parameters)
            "account" -> account(verb, parameters)
            else -> flows.run(target, verb, parameters)
        }
    }

    /** The state of the flow of a verb, `null` if it has none. */
    fun stateAfter(line: String): JsonObject? = if (::doorstep.isInitialized) flows.state(line.split('.')[0]) else null

    private fun open(parameters: JsonObject): JsonElement {
        val folder = parameters.textOrNull("keys").takeIf { parameters["keys"] != JsonNull }
        doorstep = Doorstep(parameters.text("base_url")) {
            store = storeOf(parameters)
            keys = folder?.let { FileKeys(File(it)) }
            deviceName = parameters.textOrNull("device_name")
            clientId = parameters.textOrNull("client_id")
            language = parameters.textOrNull("language")
            parameters.longOrNull("clock_offset")?.let { clock = WrongClock(it * MILLISECONDS) }
        }
        doorstep.session.onSignedOut { reason ->
            say(
                buildJsonObject {
                    put("event", "signed_out")
                    put("reason", reason.name)
                },
            )
        }
        return buildJsonObject {
            put("protocol", 1)
            put("language", "kotlin")
        }
    }

    private fun storeOf(parameters: JsonObject): Store {
        val hasLock = "lock" !in parameters || parameters.flag("lock")
        val store = fileStore(parameters.text("store")).let { if (hasLock) it else UnlockedStore(it) }
        val crash = parameters["crash_at"]?.jsonObject ?: return store
        return CrashingStore(store, crash.getValue("write").jsonPrimitive.int, crash.text("when") == "before")
    }

    private suspend fun captcha(verb: String, parameters: JsonObject): JsonElement {
        captcha = if (verb == "refresh") {
            captcha.refresh()
        } else {
            val kind = parameters.textOrNull("kind")?.let { CaptchaKind.valueOf(it.uppercase()) }
            val theme = parameters.textOrNull("theme")?.let { CaptchaTheme.valueOf(it.uppercase()) }
            doorstep.captcha(kind ?: CaptchaKind.IMAGE, theme)
        }
        return described(captcha)
    }

    private suspend fun session(verb: String, parameters: JsonObject): JsonElement {
        val session = doorstep.session
        when (verb) {
            "access_token" -> {
                val ttl = parameters.longOrNull("min_ttl")
                return JsonPrimitive(
                    if (ttl == null) session.accessToken() else session.accessToken(ttl),
                )
            }
            "sign_out" -> session.signOut(parameters.flag("everywhere"), parameters.flag("forget_device"))
            "state" -> Unit
            else -> error("no verb session.$verb")
        }
        return buildJsonObject {
            put("state", session.restore().name.lowercase())
            put("bound", session.bound)
        }
    }

    private suspend fun account(verb: String, parameters: JsonObject): JsonElement {
        val account = doorstep.account
        return when (verb) {
            "me" -> described(account.me())
            "update" -> update(parameters)
            "change_password" -> nothing {
                account.changePassword(parameters.text("current_password"), parameters.text("new_password"))
            }
            "sessions" -> JsonArray(account.sessions().map(::described))
            "end_session" -> nothing { account.endSession(parameters.text("id")) }
            "pending" -> JsonArray(account.pending().map(::described))
            "approve" -> nothing { account.approve(parameters.text("id")) }
            "refuse" -> nothing { account.refuse(parameters.text("id")) }
            "accept_documents" -> described(account.acceptDocuments(parameters.textsOrNull("documents").orEmpty()))
            else -> error("no verb account.$verb")
        }
    }

    private suspend fun update(parameters: JsonObject): JsonElement = described(
        doorstep.account.update(
            nickname = parameters.textOrNull("nickname"),
            gender = genderOf(parameters),
            birthday = parameters.textOrNull("birthday"),
            clear = parameters.textsOrNull("clear").orEmpty().map { ProfileField.valueOf(it.uppercase()) }.toSet(),
        ),
    )

    private inline fun nothing(task: () -> Unit): JsonElement {
        task()
        return JsonNull
    }

    private companion object {
        const val MILLISECONDS = 1000L
    }
}

internal fun genderOf(parameters: JsonObject): Gender? =
    parameters.textOrNull("gender")?.let { Gender.valueOf(it.uppercase()) }
