package android.content;

import java.io.File;

/** Declaration for the compiler. */
public abstract class Context {
    public abstract Context getApplicationContext();

    public abstract File getNoBackupFilesDir();
}
