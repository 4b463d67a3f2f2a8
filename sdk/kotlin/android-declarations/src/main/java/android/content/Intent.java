package android.content;

/** Declaration for the compiler. */
public class Intent {
    public native String getAction();

    public native String getStringExtra(String name);
}
