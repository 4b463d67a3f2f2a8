"""A lock whose waiters have it in the order in which they came: threads, and tasks of any event loop."""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict, deque
from concurrent.futures import Future


class FairLock:
    """A lock that is granted by a future, so that threads and tasks can wait for it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[Future[None]] = deque()
        self._held = False

    def request(self) -> Future[None]:
        """The future is done when the caller holds the lock. Who waits no more cancels it."""
        future: Future[None] = Future()
        with self._mutex:
            if self._held:
                self._waiting.append(future)
            else:
                self._held = True
                grant(future)
        return future

    def release(self) -> None:
        """Hands the lock to the next one that still waits."""
        with self._mutex:
            while self._waiting:
                if grant(self._waiting.popleft()):
                    return
            self._held = False


def grant(future: Future[None]) -> bool:
    """Completes a future. Returns False if nobody waits for it any more."""
    if not future.set_running_or_notify_cancel():
        return False
    future.set_result(None)
    return True


class StoreLocks:
    """The locks of one store in this process: clients that share a store share them."""

    def __init__(self) -> None:
        self.record = threading.Lock()
        self.named: defaultdict[str, FairLock] = defaultdict(FairLock)


_all: dict[int, StoreLocks] = {}
_mutex = threading.Lock()


def locks_of(store: object) -> StoreLocks:
    """The locks of a store, by its identity."""
    with _mutex:
        locks = _all.get(id(store))
        if locks is None:
            locks = _all[id(store)] = StoreLocks()
            weakref.finalize(store, _all.pop, id(store), None)
        return locks
