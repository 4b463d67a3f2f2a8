import java.io.File
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.serializer
import org.openapitools.client.infrastructure.Serializer

/** Parses and prints each body with the generated types. The argument is the file of samples. */
fun main(arguments: Array<String>) {
    val json = Serializer.kotlinxSerializationJson
    val printed = json.parseToJsonElement(File(arguments[0]).readText()).jsonArray.map {
        val (name, body) = it.jsonArray
        val serializer = serializer(Class.forName("org.openapitools.client.models." + name.jsonPrimitive.content))
        json.encodeToJsonElement(serializer, json.decodeFromJsonElement(serializer, body))
    }
    println(JsonArray(printed))
}
