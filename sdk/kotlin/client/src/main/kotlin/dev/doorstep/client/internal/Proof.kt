package dev.doorstep.client.internal

import dev.doorstep.client.Clock
import dev.doorstep.client.DeviceKey
import dev.doorstep.client.RandomSource
import dev.doorstep.client.name
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

/** Makes DPoP proofs (RFC 9449): JWTs that a key signs for one request. */
internal class ProofMaker(private val clock: Clock, private val random: RandomSource) {
    /** A proof. [nonce]: the value of `DPoP-Nonce`, after the service refused the clock of the device. */
    fun make(key: DeviceKey, method: String, url: String, nonce: String?): String {
        val claims = buildJsonObject {
            put("jti", random.name())
            put("htm", method)
            put("htu", url)
            put("iat", clock.wall() / MILLISECONDS)
            nonce?.let { put("nonce", it) }
        }
        val signed = "${encoded(head(key))}.${encoded(claims)}"
        return "$signed.${base64Url(key.sign(signed.toByteArray()))}"
    }

    private fun head(key: DeviceKey) = buildJsonObject {
        put("typ", "dpop+jwt")
        put("alg", "ES256")
        putJsonObject("jwk") {
            put("kty", "EC")
            put("crv", "P-256")
            put("x", key.publicKey.x)
            put("y", key.publicKey.y)
        }
    }

    private fun encoded(part: JsonObject) = base64Url(part.toString().toByteArray())

    private companion object {
        const val MILLISECONDS = 1000
    }
}
