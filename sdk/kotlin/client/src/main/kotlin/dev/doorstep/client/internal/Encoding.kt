package dev.doorstep.client.internal

import okio.ByteString.Companion.decodeBase64
import okio.ByteString.Companion.toByteString

/** Base64 with the URL alphabet and without padding (RFC 4648 section 5). */
internal fun base64Url(bytes: ByteArray): String = bytes.toByteString().base64Url().trimEnd('=')

/** The bytes of a data URI with Base64, `null` for any other text. */
internal fun bytesOfDataUri(uri: String): ByteArray? =
    uri.substringAfter(";base64,", "").takeIf { it.isNotEmpty() }?.decodeBase64()?.toByteArray()
