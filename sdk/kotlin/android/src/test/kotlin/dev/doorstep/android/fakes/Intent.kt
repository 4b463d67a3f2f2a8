@file:Suppress("PackageDirectoryMismatch")

package android.content

class Intent(private val action: String, private val extras: Map<String, String>) {
    fun getAction(): String = action

    fun getStringExtra(name: String): String? = extras[name]
}
