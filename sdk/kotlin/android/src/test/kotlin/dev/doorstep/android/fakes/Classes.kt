// Classes of Android that do in a test what those of a device do. They hide the declarations.
@file:Suppress("PackageDirectoryMismatch", "unused")

package android.os

class Build {
    companion object {
        @JvmField
        var MODEL = "Pixel 10"
    }

    class VERSION {
        companion object {
            @JvmField
            var SDK_INT = 23
        }
    }
}

object SystemClock {
    @JvmStatic
    fun elapsedRealtime(): Long = 42
}
