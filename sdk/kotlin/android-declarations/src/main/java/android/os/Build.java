package android.os;

/** Declaration for the compiler. */
public class Build {
    public static final String MODEL = unknown();

    private static String unknown() {
        throw new UnsupportedOperationException("only for the compiler");
    }

    /** Declaration for the compiler. */
    public static class VERSION {
        public static final int SDK_INT = Integer.parseInt(unknown());
    }
}
