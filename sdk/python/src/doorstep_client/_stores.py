"""Places of the one record of the client."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Optional, Protocol, Union, runtime_checkable
from urllib.parse import quote

from ._files import file_lock, read_or_none, replace_file


class Store(Protocol):
    """Place of the record: tokens, device tokens and open flows. It contains secrets.

    The asynchronous client calls it in a thread. One that can be changed by several processes has a `lock`, too
    (`LockingStore`).
    """

    def get(self, key: str) -> Optional[str]:
        """The value, None where there is none."""

    def set(self, key: str, value: Optional[str]) -> None:
        """Writes the whole value or nothing. None removes it."""


@runtime_checkable
class LockingStore(Protocol):
    """A store with a lock among processes."""

    def get(self, key: str) -> Optional[str]:
        """The value, None where there is none."""

    def set(self, key: str, value: Optional[str]) -> None:
        """Writes the whole value or nothing. None removes it."""

    def lock(self, name: str) -> AbstractContextManager[object]:
        """A lock that no two processes hold at the same time. It may be left in another thread than entered."""


class MemoryStore:
    """A store that ends with the process."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, key: str) -> Optional[str]:
        return self._values.get(key)

    def set(self, key: str, value: Optional[str]) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value


class FileStore:
    """A folder with one file for each key, which only this user can read. Several processes can use it."""

    def __init__(self, folder: Union[str, os.PathLike[str]]) -> None:
        self._folder = Path(folder)

    def get(self, key: str) -> Optional[str]:
        content = read_or_none(self._file(key, "json"))
        return None if content is None else content.decode("utf-8", errors="replace")

    def set(self, key: str, value: Optional[str]) -> None:
        file = self._file(key, "json")
        if value is None:
            file.unlink(missing_ok=True)
        else:
            replace_file(file, value.encode("utf-8"))

    def lock(self, name: str) -> AbstractContextManager[object]:
        return file_lock(self._file(name, "lock"))

    def _file(self, name: str, kind: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.{kind}"
