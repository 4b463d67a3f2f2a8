package android.os;

/** Declaration for the compiler. */
public final class SystemClock {
    private SystemClock() {
    }

    public static native long elapsedRealtime();
}
