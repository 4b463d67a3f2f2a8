"""Waiting, threads and tasks of the asynchronous client. `_runtime_sync` has the same names."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, Generic, Optional, TypeVar

from ._fair_lock import FairLock
from ._work import Solver, Work

Result = TypeVar("Result")

sleep = asyncio.sleep


async def in_thread(function: Callable[..., Result], *arguments: Any) -> Result:
    """Runs a function that may block. A thread cannot be stopped: a cancelled caller waits for its end."""
    running = asyncio.get_running_loop().run_in_executor(None, partial(function, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([running])
        raise


async def solve(solver: Solver, work: Work) -> Optional[str]:
    """Solves a proof of work in a thread of its own, until the caller is cancelled."""
    cancelled = threading.Event()
    try:
        return await asyncio.wrap_future(in_own_thread(lambda: solver(work, cancelled.is_set)))
    finally:
        cancelled.set()


def in_own_thread(function: Callable[[], Result]) -> Future[Result]:
    """Runs a function that takes long: the threads of the event loop stay free, and its end does not wait for it."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            result = function()
        except BaseException as error:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
            return
        if future.set_running_or_notify_cancel():
            future.set_result(result)

    threading.Thread(target=run, name="doorstep", daemon=True).start()
    return future


@asynccontextmanager
async def held(lock: FairLock, of_store: Optional[AbstractContextManager[object]]) -> AsyncIterator[None]:
    """Holds a lock of this process and then, if there is one, a lock among processes."""
    await granted(lock.request(), lock.release)
    try:
        if of_store is None:
            yield
            return
        await enter(of_store)
        try:
            yield
        finally:
            await in_thread(of_store.__exit__, None, None, None)
    finally:
        lock.release()


async def granted(request: Future[None], release: Callable[[], object]) -> None:
    """Waits for a lock. A lock that is granted to a caller that was cancelled meanwhile is released."""
    try:
        await asyncio.wrap_future(request)
    except asyncio.CancelledError:
        if not request.cancel() and request.exception() is None:
            release()
        raise


async def enter(lock: AbstractContextManager[object]) -> None:
    """Enters a lock in a thread, which leaves it at once if nobody waits any more."""
    request: Future[None] = Future()

    def run() -> None:
        try:
            lock.__enter__()
        except BaseException as error:
            if request.set_running_or_notify_cancel():
                request.set_exception(error)
            return
        if request.set_running_or_notify_cancel():
            request.set_result(None)
        else:
            lock.__exit__(None, None, None)

    threading.Thread(target=run, name="doorstep-lock", daemon=True).start()
    await granted(request, lambda: lock.__exit__(None, None, None))


class Scope:
    """Tasks of the client. A cancelled caller does not cancel them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Callable[[], Awaitable[Result]]) -> asyncio.Task[Result]:
        """Starts work that goes on without its caller."""
        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs work to its end, whatever happens to the caller."""
        return await asyncio.shield(self.start(work))

    async def close(self) -> None:
        """Ends all work, as a crash does: what is stored goes on at the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, Exception):
                await task

    def tell(self, listeners: Callable[[], None]) -> None:
        """Calls listeners."""
        listeners()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Its caller may be gone: asyncio must not log an error that nobody waits for.
            task.exception()


class Flight(Generic[Result]):
    """Work that several callers wait for, and that is done once."""

    def __init__(self, scope: Scope, work: Callable[[], Awaitable[Result]]) -> None:
        self._task = scope.start(work)

    @property
    def done(self) -> bool:
        """The work is over: the next caller starts it anew."""
        return self._task.done()

    def join(self) -> Awaitable[Result]:
        """Waits for the result."""
        return asyncio.shield(self._task)
