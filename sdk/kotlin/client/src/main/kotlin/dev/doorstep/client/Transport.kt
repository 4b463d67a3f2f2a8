package dev.doorstep.client

/**
 * A request, ready to be sent. Headers and body contain secrets.
 *
 * @property method `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
 * @property body JSON text, `null` where the request has no body.
 * @property timeout Milliseconds after which the transport gives up.
 */
public class TransportRequest(
    public val method: String,
    public val url: String,
    public val headers: Map<String, String>,
    public val body: String?,
    public val timeout: Long,
) {
    override fun toString(): String = "$method $url"
}

/**
 * An answer of any status. Its body contains secrets.
 *
 * @property headers Names are in lower case.
 */
public class TransportResponse(
    public val status: Int,
    public val headers: Map<String, String>,
    public val body: String,
) {
    override fun toString(): String = "status $status"
}

/** The way to the service. */
public fun interface Transport {
    /** Sends one request, once. Throws where no answer came, and never because of a status. Follows no redirect. */
    public suspend fun send(request: TransportRequest): TransportResponse
}

/**
 * A request and its answer, for a log. Both contain secrets.
 *
 * @property operation Name of the operation in the API: `registerSendCode`.
 * @property response `null` where no answer came.
 */
public class Exchange internal constructor(
    public val operation: String,
    public val request: TransportRequest,
    public val response: TransportResponse?,
    public val milliseconds: Long,
) {
    override fun toString(): String = "$request: ${response ?: "no answer"}, $milliseconds ms"
}

/** A log of the requests. */
public fun interface RequestListener {
    /** Receives each request after its answer. An exception here is no error of the request. */
    public fun onRequest(exchange: Exchange)
}
