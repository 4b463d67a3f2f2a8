package dev.doorstep.client.internal

import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.TransportResponse
import dev.doorstep.client.generated.Operation
import dev.doorstep.client.generated.Problem
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.longOrNull

private val DURATIONS = setOf("expires_in", "resend_in", "refresh_expires_in")
private val SECONDS = Regex("[0-9]{1,9}")
private const val SUCCESS = 200
private const val REDIRECTION = 300
private const val NO_CONTENT = 204
private const val SERVER_ERROR = 500

/**
 * The body of a successful answer, as [read] reads it. Throws the error of every other answer.
 *
 * @param hasBody The operation answers with a body. The others answer 204.
 */
internal fun <T> readAnswer(response: TransportResponse, hasBody: Boolean, read: (JsonObject) -> T): T {
    val body = parse(response.body)
    if (!response.isSuccess) throw errorOf(response, body)
    val isEmpty = response.status == NO_CONTENT
    val content = if (isEmpty) JsonObject(emptyMap()) else body
    // A Wi-Fi with a login page answers everything with a page or a JSON of its own and a 200.
    if (content == null || isEmpty == hasBody) throw invalidAnswer(response, unanswered = true)
    return try {
        read(withAge(content, seconds(response.headers["age"]) ?: 0))
    } catch (_: SerializationException) {
        // Without its message, which quotes the body.
        throw invalidAnswer(response, unanswered = true)
    }
}

/** Tells whether a proxy without a service behind it may have answered: another attempt can succeed. */
internal fun isFromProxy(error: DoorstepException): Boolean =
    error.code == ErrorCode.INVALID_ANSWER &&
        (error.status >= SERVER_ERROR || error.status in SUCCESS until REDIRECTION)

/** The answer of an operation. */
internal fun <T> Operation<T>.read(body: JsonObject): T = decode(answer, body)

/** Throws a [SerializationException] where a field is missing or of another type. */
internal fun <T> decode(serializer: KSerializer<T>, body: JsonObject): T = JSON.decodeFromJsonElement(serializer, body)

private val TransportResponse.isSuccess get() = status in SUCCESS until REDIRECTION

private fun errorOf(response: TransportResponse, body: JsonObject?): DoorstepException {
    val code = (body?.get("code") as? JsonPrimitive)?.takeIf { it.isString }?.content
    if (body == null || code == null) return invalidAnswer(response, response.status >= SERVER_ERROR)
    val problem = problemOf(body, code)
    val retryAfter = problem.retryAfter ?: seconds(response.headers["retry-after"])
    val message = listOf(problem.detail, problem.title).firstOrNull { !it.isNullOrEmpty() } ?: code
    return DoorstepException(code, message, response.status, problem, retryAfter)
}

/** A member of another type than documented is no reason to lose the code. */
private fun problemOf(body: JsonObject, code: String): Problem =
    try {
        decode(Problem.serializer(), body)
    } catch (_: SerializationException) {
        Problem(code)
    }

private fun invalidAnswer(response: TransportResponse, unanswered: Boolean) = DoorstepException(
    ErrorCode.INVALID_ANSWER,
    "an answer with status ${response.status} that is not from doorstep",
    response.status,
    retryAfter = seconds(response.headers["retry-after"]),
    unanswered = unanswered,
)

/** A replayed answer has its original durations, and `Age` says how old it is. */
private fun withAge(body: JsonObject, age: Long): JsonObject {
    if (age == 0L) return body
    return JsonObject(body.mapValues { (name, value) -> if (name in DURATIONS) shorter(value, age) else value })
}

private fun shorter(value: JsonElement, age: Long): JsonElement {
    val seconds = (value as? JsonPrimitive)?.longOrNull ?: return value
    return JsonPrimitive(maxOf(0, seconds - age))
}

private fun seconds(header: String?): Long? = header?.takeIf(SECONDS::matches)?.toLong()

private fun parse(text: String): JsonObject? =
    try {
        JSON.parseToJsonElement(text) as? JsonObject
    } catch (_: SerializationException) {
        null
    }
