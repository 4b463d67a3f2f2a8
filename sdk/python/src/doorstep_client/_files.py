"""Files that are replaced in one step, and locks between processes."""

from __future__ import annotations

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Optional


def read_or_none(file: Path) -> Optional[bytes]:
    """The content of a file, None where there is no file."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def replace_file(file: Path, content: bytes) -> None:
    """Writes the whole file or nothing: readers see the old or the new content, also after a power failure."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, file)
    except BaseException:
        with suppress(FileNotFoundError):
            draft.unlink()
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder survive a power failure, where the system can do this."""
    if sys.platform == "win32":
        return
    # The file is replaced already, and some file systems cannot do this.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Holds the lock of a file, among all processes and threads. The lock ends with its process."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The file stays: a process that waits for it would hold the lock of a deleted file.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def wait_for_lock(descriptor: int) -> None:
        """Waits for the lock of an open file. `msvcrt` gives up after ten seconds: it tries again."""
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return
            except OSError as error:
                if error.errno != errno.EDEADLK:
                    raise

else:
    import fcntl

    def wait_for_lock(descriptor: int) -> None:
        """Waits for the lock of an open file."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
