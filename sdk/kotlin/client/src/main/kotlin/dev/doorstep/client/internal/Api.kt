package dev.doorstep.client.internal

import dev.doorstep.client.Clock
import dev.doorstep.client.DeviceKey
import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.Exchange
import dev.doorstep.client.RandomSource
import dev.doorstep.client.RequestListener
import dev.doorstep.client.Transport
import dev.doorstep.client.TransportRequest
import dev.doorstep.client.TransportResponse
import dev.doorstep.client.generated.Operation
import dev.doorstep.client.generated.RequestBody
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonObject
import java.net.URLEncoder

internal class ApiConfig(
    val baseUrl: String,
    val language: String?,
    val timeout: Long,
    val transport: Transport,
    val clock: Clock,
    val random: RandomSource,
    val onRequest: RequestListener?,
)

/**
 * Values of one call.
 *
 * @property path Values of the parameters in the path.
 * @property key It signs a proof for the request.
 * @property unanswered An earlier attempt got no answer, perhaps before the app was killed.
 * @property onLost Called when an attempt gets no answer.
 */
internal data class SendOptions(
    val path: Map<String, String> = emptyMap(),
    val accessToken: String? = null,
    val idempotencyKey: String? = null,
    val key: DeviceKey? = null,
    val unanswered: Boolean = false,
    val onLost: () -> Unit = {},
) {
    override fun hashCode(): Int = path.hashCode()

    override fun toString(): String = "SendOptions"
}

/** Sends operations, repeats what is safe to repeat, and makes every failure a [DoorstepException]. */
internal class Api(val config: ApiConfig) {
    private class Nonce(val value: String, val until: Long)

    private val proofs = ProofMaker(config.clock, config.random)
    private var nonce: Nonce? = null

    suspend fun <T> send(operation: Operation<T>, body: RequestBody? = null, options: SendOptions = SendOptions()): T =
        exchange(operation, body?.toJson(), options, operation::read)

    /** Sends an operation, and reads its answer with [read], which throws where the answer is not of the service. */
    suspend fun <T> exchange(
        operation: Operation<*>,
        body: JsonObject?,
        options: SendOptions,
        read: (JsonObject) -> T,
    ): T {
        var lost = options.unanswered
        val retries = Retries(operation, body, options.idempotencyKey)
        while (true) {
            try {
                return readAnswer(attempt(operation, body, options), operation.hasAnswer, read)
            } catch (error: DoorstepException) {
                lost = lost || error.unanswered
                if (error.unanswered) options.onLost()
                val pause = retries.pauseAfter(error) ?: throw markUnanswered(error, lost)
                config.clock.sleep(pause)
            }
        }
    }

    private suspend fun attempt(
        operation: Operation<*>,
        body: JsonObject?,
        options: SendOptions,
    ): TransportResponse {
        val request = requestOf(operation, body, options)
        val response = timed(operation, request)
        response.headers["dpop-nonce"]?.let { nonce = Nonce(it, config.clock.monotonic() + NONCE_LIFE) }
        return response
    }

    private suspend fun timed(operation: Operation<*>, request: TransportRequest): TransportResponse {
        val start = config.clock.monotonic()
        var response: TransportResponse? = null
        try {
            return config.transport.send(request).also { response = it }
        } catch (error: Exception) {
            currentCoroutineContext().ensureActive()
            throw DoorstepException(ErrorCode.NETWORK, "no answer from the service", unanswered = true, cause = error)
        } finally {
            tell(Exchange(operation.id, request, response, config.clock.monotonic() - start))
        }
    }

    /** An error in the log of the app is no error of the request, and the app hears of it nowhere. */
    private fun tell(exchange: Exchange) {
        runCatching { config.onRequest?.onRequest(exchange) }
    }

    private suspend fun requestOf(operation: Operation<*>, body: JsonObject?, options: SendOptions): TransportRequest {
        val url = urlOf(operation, options.path)
        val headers = buildMap {
            put("accept", "application/json")
            config.language?.let { put("accept-language", it) }
            if (body != null) put("content-type", "application/json")
            options.accessToken?.let { put("authorization", "Bearer $it") }
            options.idempotencyKey?.let { put("idempotency-key", "\"$it\"") }
            options.key?.let { put("dpop", proof(it, operation.method, url)) }
        }
        return TransportRequest(operation.method, url, headers, body?.toString(), config.timeout)
    }

    private suspend fun proof(key: DeviceKey, method: String, url: String): String {
        val current = nonce?.takeIf { config.clock.monotonic() < it.until }?.value
        return withContext(Dispatchers.IO) { proofs.make(key, method, url, current) }
    }

    private fun urlOf(operation: Operation<*>, path: Map<String, String>): String {
        val route = path.entries.fold(operation.path) { route, (name, value) ->
            route.replace("{$name}", URLEncoder.encode(value, "UTF-8"))
        }
        return config.baseUrl.trimEnd('/') + route
    }

    /**
     * Marks refusals of a repetition that say nothing about a first request whose answer was lost. The cooldown of a
     * code is no such refusal: a first request that had sent the code would have answered the repetition, too.
     */
    private fun markUnanswered(error: DoorstepException, lost: Boolean): DoorstepException {
        val saysNothing = error.status in UNDECIDED && error.code != ErrorCode.RESEND_COOLDOWN
        if (lost && saysNothing) error.unanswered = true
        if (error.code == ErrorCode.REQUEST_IN_PROGRESS) error.unanswered = true
        return error
    }

    private companion object {
        /** Milliseconds that a nonce is used; the service accepts it for five minutes. */
        const val NONCE_LIFE = 240_000
        val UNDECIDED = setOf(408, 429, 503)
    }
}
