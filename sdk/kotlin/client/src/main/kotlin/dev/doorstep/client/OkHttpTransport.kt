package dev.doorstep.client

import kotlinx.coroutines.suspendCancellableCoroutine
import okhttp3.Call
import okhttp3.Callback
import okhttp3.CookieJar
import okhttp3.Dispatcher
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import java.io.IOException
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * Sends requests with OkHttp, without redirects, cookies and caches.
 *
 * @param client Shares its connections, its proxy and its certificate pins.
 */
public class OkHttpTransport @JvmOverloads constructor(client: OkHttpClient = shared) : Transport {
    private val client = client.newBuilder()
        .followRedirects(false)
        .followSslRedirects(false)
        .retryOnConnectionFailure(false)
        .cookieJar(CookieJar.NO_COOKIES)
        .cache(null)
        // The timeout of a request is that of the whole call.
        .connectTimeout(0, TimeUnit.MILLISECONDS)
        .readTimeout(0, TimeUnit.MILLISECONDS)
        .writeTimeout(0, TimeUnit.MILLISECONDS)
        .build()

    override suspend fun send(request: TransportRequest): TransportResponse {
        val builder = Request.Builder().url(request.url).method(request.method, bodyOf(request))
        for ((name, value) in request.headers) builder.header(name, value)
        return call(builder.build(), request.timeout)
    }

    /** Sends a request of another form, for the storage of images. */
    internal suspend fun call(request: Request, timeout: Long): TransportResponse {
        val call = client.newCall(request)
        call.timeout().timeout(timeout, TimeUnit.MILLISECONDS)
        return suspendCancellableCoroutine { waiting ->
            waiting.invokeOnCancellation { call.cancel() }
            call.enqueue(object : Callback {
                override fun onFailure(call: Call, e: IOException) = waiting.resumeWithException(e)

                override fun onResponse(call: Call, response: Response) =
                    waiting.resumeWith(runCatching { response.use(::read) })
            })
        }
    }

    private fun read(response: Response): TransportResponse {
        val headers = response.headers.toMultimap().mapValues { (_, values) -> values.joinToString(", ") }
        return TransportResponse(response.code, headers, response.body?.string().orEmpty())
    }

    private fun bodyOf(request: TransportRequest): RequestBody? {
        // As bytes, because OkHttp adds a charset to the media type of a text.
        val body = request.body?.toByteArray()?.toRequestBody(MEDIA_TYPE)
        return body ?: if (request.method in WITH_BODY) ByteArray(0).toRequestBody() else null
    }

    private companion object {
        val MEDIA_TYPE = "application/json".toMediaType()
        val WITH_BODY = listOf("POST", "PUT", "PATCH")

        /** Threads that do not keep a program from ending. */
        val shared by lazy {
            val threads = Executors.newCachedThreadPool { task ->
                Thread(task, "doorstep").apply { isDaemon = true }
            }
            OkHttpClient.Builder().dispatcher(Dispatcher(threads)).build()
        }
    }
}
