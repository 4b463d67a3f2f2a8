package dev.doorstep.client

import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.io.RandomAccessFile
import java.net.URLEncoder
import java.nio.channels.FileLock
import java.util.UUID
import java.util.concurrent.Semaphore

/**
 * A folder with one file for each key, which only its owner can read. Several processes can use it: a file is replaced
 * in one step, and a lock is one of the operating system, which ends with its process. For Linux, macOS and Android.
 */
public class FileStore(private val folder: File) : Store {
    override fun get(key: String): String? {
        val file = fileOf(key)
        return if (file.exists()) file.readText() else null
    }

    override fun set(key: String, value: String?) {
        if (value == null) remove(fileOf(key)) else replace(fileOf(key), value)
    }

    override fun lock(name: String): AutoCloseable = ProcessLock.acquire(prepared(fileOf("$name.lock")))

    private fun fileOf(key: String) = File(folder, URLEncoder.encode(key, "UTF-8"))

    private fun remove(file: File) {
        if (!file.delete() && file.exists()) throw IOException("cannot delete ${file.name}")
    }

    /** Readers see the old or the new text, also after a loss of power. */
    private fun replace(file: File, text: String) {
        val draft = prepared(File(folder, "${file.name}.${UUID.randomUUID()}"))
        try {
            FileOutputStream(draft).use { output ->
                output.write(text.toByteArray())
                output.fd.sync()
            }
            if (!draft.renameTo(file)) throw IOException("cannot replace ${file.name}")
        } finally {
            draft.delete()
        }
    }

    /** Creates the file empty, so that nobody else can read what is written afterwards. */
    private fun prepared(file: File): File {
        folder.mkdirs()
        if (file.createNewFile()) {
            file.setReadable(false, false)
            file.setWritable(false, false)
            file.setReadable(true, true)
            file.setWritable(true, true)
        }
        return file
    }
}

/** A lock of the operating system. It is one of the process, so the stores of a process wait for each other before. */
private class ProcessLock(private val turn: Semaphore, private val file: RandomAccessFile, private val lock: FileLock) :
    AutoCloseable {
    override fun close() {
        try {
            lock.release()
            file.close()
        } finally {
            turn.release()
        }
    }

    companion object {
        private val turns = HashMap<String, Semaphore>()

        fun acquire(path: File): ProcessLock {
            val turn = synchronized(turns) { turns.getOrPut(path.canonicalPath) { Semaphore(1) } }
            turn.acquire()
            var file: RandomAccessFile? = null
            try {
                file = RandomAccessFile(path, "rw")
                return ProcessLock(turn, file, file.channel.lock())
            } catch (error: Throwable) {
                file?.close()
                turn.release()
                throw error
            }
        }
    }
}
