package android.content;

/** Declaration for the compiler. */
public abstract class BroadcastReceiver {
    public abstract void onReceive(Context context, Intent intent);
}
