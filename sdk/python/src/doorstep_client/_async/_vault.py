"""Reads and changes the record of the client."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .._fair_lock import locks_of
from .._record import Contents, parse_record
from .._runtime_async import held, in_thread
from .._stores import LockingStore, Store

Result = TypeVar("Result")


class AsyncVault:
    """The record in a store."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._locks = locks_of(store)

    async def read(self) -> Contents:
        """The record as it is now."""
        return parse_record(await in_thread(self._store.get, self._name))

    async def update(self, change: Callable[[Contents], None]) -> Contents:
        """Changes the record with one write. Whatever another process has written to other parts of it stays."""
        return await in_thread(self._change, change)

    async def exclusive(self, name: str, task: Callable[[], Awaitable[Result]]) -> Result:
        """Runs the task alone: among the clients of this process, and among processes if the store has a lock."""
        lock = f"{self._name}.{name}"
        of_store = self._store.lock(lock) if isinstance(self._store, LockingStore) else None
        async with held(self._locks.named[lock], of_store):
            return await task()

    def _change(self, change: Callable[[Contents], None]) -> Contents:
        with self._locks.record:
            if not isinstance(self._store, LockingStore):
                return self._write(change)
            with self._store.lock(f"{self._name}.record"):
                return self._write(change)

    def _write(self, change: Callable[[Contents], None]) -> Contents:
        before = self._store.get(self._name)
        contents = parse_record(before)
        change(contents)
        after = json.dumps(contents, separators=(",", ":"))
        if after != before:
            self._store.set(self._name, after)
        return contents
