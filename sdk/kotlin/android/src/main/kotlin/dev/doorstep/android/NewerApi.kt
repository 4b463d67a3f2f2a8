package dev.doorstep.android

/** A function that is called only on this version of Android and later. */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION)
internal annotation class NewerApi(val level: Int)
