"""Waiting and threads of the synchronous client. `_runtime_async` has the same names."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Generic, Optional, TypeVar

from ._errors import DoorstepError, ErrorCode
from ._fair_lock import FairLock
from ._work import Solver, Work

Result = TypeVar("Result")

sleep = time.sleep


def in_thread(function: Callable[..., Result], *arguments: Any) -> Result:
    """Runs a function here: the thread of the caller may block."""
    return function(*arguments)


def solve(solver: Solver, work: Work) -> Optional[str]:
    """Solves a proof of work. Only an interrupt ends it early."""
    return solver(work, lambda: False)


@contextmanager
def held(lock: FairLock, of_store: Optional[AbstractContextManager[object]]) -> Iterator[None]:
    """Holds a lock of this process and then, if there is one, a lock among processes."""
    request = lock.request()
    try:
        request.result()
    except BaseException:
        if not request.cancel():
            lock.release()
        raise
    try:
        with of_store or nullcontext():
            yield
    finally:
        lock.release()


class Scope:
    """Calls of the client. Listeners are called when the outermost call of a thread holds no lock any more."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def run(self, work: Callable[[], Result]) -> Result:
        """Runs work, and then the listeners that it has told."""
        if getattr(self._thread, "told", None) is not None:
            return work()
        told: list[Callable[[], None]] = []
        self._thread.told = told
        try:
            return work()
        finally:
            self._thread.told = None
            for listeners in told:
                listeners()

    def close(self) -> None:
        """Nothing runs without a caller."""

    def tell(self, listeners: Callable[[], None]) -> None:
        """Calls listeners at the end of the outermost call."""
        told = getattr(self._thread, "told", None)
        if told is None:
            listeners()
        else:
            told.append(listeners)


class Flight(Generic[Result]):
    """Work that several threads wait for, and that the first of them does."""

    def __init__(self, scope: Scope, work: Callable[[], Result]) -> None:
        self._scope = scope
        self._work = work
        self._first = threading.Lock()
        self._future: Future[Result] = Future()

    @property
    def done(self) -> bool:
        """The work is over: the next caller starts it anew."""
        return self._future.done()

    def join(self) -> Result:
        """Does the work, or waits for the thread that does it."""
        if not self._first.acquire(blocking=False):
            return self._future.result()
        return self._scope.run(self._do)

    def _do(self) -> Result:
        try:
            result = self._work()
        except Exception as error:
            self._future.set_exception(error)
            raise
        except BaseException:
            self._future.set_exception(DoorstepError(ErrorCode.ABORTED, "interrupted in another thread"))
            raise
        self._future.set_result(result)
        return result
