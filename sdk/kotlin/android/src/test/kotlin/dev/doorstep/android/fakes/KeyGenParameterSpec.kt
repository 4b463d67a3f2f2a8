@file:Suppress("PackageDirectoryMismatch")

package android.security.keystore

import java.security.spec.AlgorithmParameterSpec

class KeyGenParameterSpec private constructor(val builder: Builder) : AlgorithmParameterSpec {
    class Builder(val alias: String, val purposes: Int) {
        val values = HashMap<String, Any>()

        fun setAlgorithmParameterSpec(spec: AlgorithmParameterSpec) = set("spec", spec)

        fun setDigests(vararg digests: String) = set("digests", digests.toList())

        fun setBlockModes(vararg blockModes: String) = set("modes", blockModes.toList())

        fun setEncryptionPaddings(vararg paddings: String) = set("paddings", paddings.toList())

        fun setKeySize(keySize: Int) = set("size", keySize)

        fun setIsStrongBoxBacked(isStrongBoxBacked: Boolean) = set("strongBox", isStrongBoxBacked)

        fun build() = KeyGenParameterSpec(this)

        private fun set(name: String, value: Any): Builder = apply { values[name] = value }
    }
}
