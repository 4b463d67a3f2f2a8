package dev.doorstep.client

import dev.doorstep.client.generated.CodeSent
import dev.doorstep.client.generated.FieldProblem
import dev.doorstep.client.generated.FlowStatus
import dev.doorstep.client.generated.Health
import dev.doorstep.client.generated.KeySet
import dev.doorstep.client.generated.PendingAct
import dev.doorstep.client.generated.PendingActs
import dev.doorstep.client.generated.Problem
import dev.doorstep.client.generated.PublicKey
import dev.doorstep.client.generated.ReadinessStatus
import dev.doorstep.client.generated.Session
import dev.doorstep.client.generated.Sessions
import dev.doorstep.client.generated.SignedIn
import dev.doorstep.client.generated.StepDone
import dev.doorstep.client.generated.Tokens
import dev.doorstep.client.generated.UploadPermit
import dev.doorstep.client.generated.User
import dev.doorstep.client.generated.Work
import dev.doorstep.client.internal.JSON
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.io.File
import dev.doorstep.client.generated.Captcha as WireCaptcha

/** The generated types read every body of a service of tomorrow and of one of yesterday, and lose nothing of it. */
class CompatTest {
    private val serializers: Map<String, KSerializer<*>> = mapOf(
        "Captcha" to WireCaptcha.serializer(),
        "CodeSent" to CodeSent.serializer(),
        "FieldProblem" to FieldProblem.serializer(),
        "FlowStatus" to FlowStatus.serializer(),
        "Health" to Health.serializer(),
        "KeySet" to KeySet.serializer(),
        "PendingAct" to PendingAct.serializer(),
        "PendingActs" to PendingActs.serializer(),
        "Problem" to Problem.serializer(),
        "PublicKey" to PublicKey.serializer(),
        "ReadinessStatus" to ReadinessStatus.serializer(),
        "Session" to Session.serializer(),
        "Sessions" to Sessions.serializer(),
        "SignedIn" to SignedIn.serializer(),
        "StepDone" to StepDone.serializer(),
        "Tokens" to Tokens.serializer(),
        "UploadPermit" to UploadPermit.serializer(),
        "User" to User.serializer(),
        "Work" to Work.serializer(),
    )

    @Test
    fun `bodies of tomorrow are read`() = readAll("tomorrow")

    @Test
    fun `bodies of yesterday are read`() = readAll("yesterday")

    private fun readAll(name: String) {
        val bodies = JSON.parseToJsonElement(File("../../compat/$name.json").readText()).jsonObject
        assertEquals(serializers.keys, bodies.keys)
        for ((schema, body) in bodies) assertEquals(known(body), roundTrip(serializers.getValue(schema), body), schema)
    }

    private fun <T> roundTrip(serializer: KSerializer<T>, body: JsonElement): JsonElement =
        JSON.encodeToJsonElement(serializer, JSON.decodeFromJsonElement(serializer, body))

    /** The body without the fields that no version has yet. */
    private fun known(body: JsonElement): JsonElement = when (body) {
        is JsonObject -> JsonObject((body - "field_of_tomorrow").mapValues { known(it.value) })
        is JsonArray -> JsonArray(body.map(::known))
        else -> body
    }
}
