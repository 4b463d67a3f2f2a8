package dev.doorstep.driver

import dev.doorstep.client.DoorstepException
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.PrintStream
import kotlin.system.exitProcess

/** Driver for the scenarios in sdk/scenarios: one client, controlled by JSON lines on the standard input. */
internal class Driver {
    private val output = PrintStream(FileOutputStream(FileDescriptor.out), false, "UTF-8")
    private val verbs = Verbs(::say)

    suspend fun answer(line: String) {
        val request = Json.parseToJsonElement(line).jsonObject
        val verb = request.getValue("do").jsonPrimitive.content
        val parameters = request["with"]?.jsonObject ?: JsonObject(emptyMap())
        val result = runCatching { verbs.run(verb, parameters) }
        say(
            buildJsonObject {
                put("id", request.getValue("id"))
                result.onSuccess { value -> if (value != JsonNull) put("value", value) }
                result.onFailure { error -> put("error", described(error)) }
                verbs.stateAfter(verb)?.let { put("state", it) }
            },
        )
    }

    private fun say(message: JsonObject) {
        synchronized(output) {
            output.print("$message\n")
            output.flush()
        }
    }

    private fun described(error: Throwable): JsonElement = buildJsonObject {
        if (error !is DoorstepException) {
            put("code", "defect")
            put("message", error.stackTraceToString())
            return@buildJsonObject
        }
        put("code", error.code)
        put("status", error.status)
        put("message", error.message)
        error.retryAfter?.let { put("retry_after", it) }
        error.attemptsLeft?.let { put("attempts_left", it) }
        put("documents", texts(error.documents))
        put("fields", described(error.fields))
    }
}

internal fun main() {
    val driver = Driver()
    val defects = CoroutineExceptionHandler { _, error -> error.printStackTrace() }
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default + defects)
    val lines = System.`in`.bufferedReader().lineSequence().iterator()
    // The first line opens the client.
    if (lines.hasNext()) runBlocking { driver.answer(lines.next()) }
    for (line in lines) scope.launch { driver.answer(line) }
    exitProcess(0)
}
