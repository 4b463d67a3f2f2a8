package dev.doorstep.client.internal

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.json.Json

/** JSON of the service and of the store: an unknown member is ignored, and an absent one is `null`. */
@OptIn(ExperimentalSerializationApi::class)
internal val JSON: Json = Json {
    ignoreUnknownKeys = true
    explicitNulls = false
}
