package dev.doorstep.client.internal

import dev.doorstep.client.DoorstepException
import dev.doorstep.client.ErrorCode
import dev.doorstep.client.OkHttpTransport
import dev.doorstep.client.TransportResponse
import dev.doorstep.client.UploadPermit
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.MultipartBody
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import java.io.IOException

/** Uploads images to the storage of the operator, which is not the service. */
internal class Uploads(private val transport: OkHttpTransport, private val timeout: Long) {
    suspend fun send(permit: UploadPermit, image: ByteArray, mediaType: String) {
        val content = image.toRequestBody(mediaType.toMediaType())
        val body = if (permit.method == "PUT") content else formOf(permit, content)
        val request = Request.Builder().url(permit.url).method(permit.method, body)
        for ((name, value) in permit.headers) request.header(name, value)
        val response = answerTo(request.build())
        if (response.status in SUCCESS) return
        throw DoorstepException(ErrorCode.UPLOAD_FAILED, "the storage refused the image", response.status)
    }

    private suspend fun answerTo(request: Request): TransportResponse =
        try {
            transport.call(request, timeout)
        } catch (error: IOException) {
            throw DoorstepException(ErrorCode.NETWORK, "no answer from the storage", cause = error)
        }

    private fun formOf(permit: UploadPermit, content: RequestBody): RequestBody {
        val form = MultipartBody.Builder().setType(MultipartBody.FORM)
        for ((name, value) in permit.form) form.addFormDataPart(name, value)
        return form.addFormDataPart("file", "avatar", content).build()
    }

    private companion object {
        val SUCCESS = 200..299
    }
}
