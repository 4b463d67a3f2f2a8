"""The asynchronous client: cancelled callers, closed loops, waiting for locks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from doorstep_client import AsyncDoorstep, FileStore, MemoryKeys, TransportRequest, TransportResponse
from doorstep_client._fair_lock import FairLock
from doorstep_client._runtime_async import Scope, enter, held, in_thread

from ..asynchronous.support import PASSWORD, Clients, sign_up, solved
from ..support.clock import MovedClock
from ..support.concurrency_sync import together
from ..support.server import Server


@pytest.fixture
async def clients(server: Server) -> AsyncIterator[Clients]:
    """Clients of the service without limits."""
    clients = Clients(server)
    yield clients
    await clients.aclose()


class Gate:
    """A network that holds back answers until it is opened."""

    def __init__(self, clients: Clients, path: str) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.paths: list[str] = []
        self._clients = clients
        self._path = path

    async def __call__(self, request: TransportRequest) -> TransportResponse:
        self.paths.append(request.url.rpartition("/")[2])
        response = await self._clients.send(request)
        if request.url.endswith(self._path):
            self.reached.set()
            await self.opened.wait()
        return response


def run_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs an event loop of its own in a thread, as a program does."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancels a task, and waits for its end."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_action_goes_on_without_its_caller(clients: Clients) -> None:
    for path, expected in (("submit-profile", "signed_in"), ("verify-code", "signed_out")):
        gate = Gate(clients, path)
        doorstep, phone = clients.new(transport=gate, keys=MemoryKeys()), clients.server.new_phone()
        screen = asyncio.create_task(sign_up(clients, doorstep, phone))
        await gate.reached.wait()
        flow_before = len(gate.paths)
        await cancelled(screen)
        gate.opened.set()
        await asyncio.gather(*doorstep._scope._tasks)
        assert len(gate.paths) == flow_before
        assert await doorstep.session.restore() == expected
        if expected == "signed_out":
            assert (await doorstep.sign_up().resume()).step == "password"


async def test_a_refresh_and_a_sign_out_go_on_without_their_callers(clients: Clients) -> None:
    gate, clock = Gate(clients, "refresh"), MovedClock()
    doorstep = clients.new(transport=gate, clock=clock)
    await sign_up(clients, doorstep)
    clock.ahead += 900
    first, second = (asyncio.create_task(doorstep.session.access_token()) for _ in range(2))
    await gate.reached.wait()
    await cancelled(first)
    gate.opened.set()
    assert await second == await doorstep.session.access_token()
    assert gate.paths.count("refresh") == 1

    gate = Gate(clients, "logout")
    doorstep._api.transport = gate
    leaving = asyncio.create_task(doorstep.session.sign_out())
    await gate.reached.wait()
    await cancelled(leaving)
    gate.opened.set()
    await asyncio.gather(*doorstep._scope._tasks)
    assert doorstep.session.state == "signed_out"


async def test_an_error_that_nobody_waits_for_is_not_logged(clients: Clients, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate(clients, "send-code")
    doorstep = clients.new(transport=gate)
    captcha = await solved(doorstep)
    flow = doorstep.sign_up()
    sending = asyncio.create_task(flow.send_code(phone_number="1", captcha=captcha))
    await gate.reached.wait()
    await cancelled(sending)
    gate.opened.set()
    await asyncio.wait(doorstep._scope._tasks)
    assert caplog.records == []
    assert flow.state.step == "start"


def test_what_a_closed_loop_left_goes_on_in_the_next_one(server: Server, tmp_path: Path) -> None:
    phone = server.new_phone()

    async def interrupted() -> None:
        clients = Clients(server)
        gate = Gate(clients, "send-code")
        async with clients.new(store=FileStore(tmp_path), transport=gate) as doorstep:
            sending = asyncio.create_task(
                doorstep.sign_up().send_code(phone_number=phone, captcha=await solved(doorstep))
            )
            await gate.reached.wait()
        # The caller learns of the end, and the action is in the store.
        with pytest.raises(asyncio.CancelledError):
            await sending
        await clients.aclose()

    async def continued() -> None:
        async with AsyncDoorstep(server.url, store=FileStore(tmp_path)) as doorstep:
            flow = doorstep.sign_up()
            assert (await flow.resume()).step == "code"
            await flow.verify_code(server.code(phone))
            await flow.set_password(PASSWORD)
            await flow.submit_profile(nickname="Ada")
            assert len(server.messages(phone)) == 1

    run_loop(interrupted)
    run_loop(continued)


def test_one_store_serves_clients_of_several_loops(server: Server, tmp_path: Path) -> None:
    store, tokens = FileStore(tmp_path), list[str]()

    async def use() -> None:
        async with AsyncDoorstep(server.url, store=store) as doorstep:
            for _ in range(10):
                tokens.append(await doorstep.session.access_token(min_ttl=10_000))

    async def begin() -> None:
        clients = Clients(server)
        await sign_up(clients, clients.new(store=store))
        await clients.aclose()

    run_loop(begin)
    together(*[partial(run_loop, use)] * 3)
    assert len(set(tokens)) == 30


async def test_a_fair_lock_passes_over_who_waits_no_more() -> None:
    lock, order = FairLock(), list[int]()

    async def hold(number: int) -> None:
        async with held(lock, None):
            order.append(number)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(hold(number)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 4]
    assert lock.request().done()


async def test_a_lock_that_is_granted_to_a_cancelled_caller_is_released() -> None:
    lock = FairLock()
    assert lock.request().done()

    async def wait() -> None:
        async with held(lock, None):
            raise AssertionError("the caller was cancelled")

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    lock.release()
    await cancelled(task)
    assert lock.request().done()


async def test_the_lock_of_a_store_is_left_when_its_caller_is_gone() -> None:
    entered, may_enter, left = Future[None](), threading.Event(), threading.Event()

    @contextmanager
    def slow() -> Iterator[None]:
        entered.set_result(None)
        may_enter.wait()
        yield
        left.set()

    task = asyncio.create_task(enter(slow()))
    await asyncio.wrap_future(entered)
    await cancelled(task)
    may_enter.set()
    assert await asyncio.get_running_loop().run_in_executor(None, left.wait, 10)


async def test_a_cancelled_caller_waits_for_its_thread() -> None:
    started, may_end, ended = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        started.set()
        may_end.wait()
        ended.append("work")

    task = asyncio.create_task(in_thread(work))
    await asyncio.get_running_loop().run_in_executor(None, started.wait)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["work"]


async def test_the_failure_of_a_lock_reaches_its_caller() -> None:
    @contextmanager
    def broken() -> Iterator[None]:
        raise PermissionError("read-only")
        yield

    lock = FairLock()
    with pytest.raises(PermissionError):
        async with held(lock, broken()):
            raise AssertionError("not held")
    assert lock.request().done()


async def test_a_scope_that_is_closed_ends_its_work() -> None:
    scope = Scope()
    task = scope.start(lambda: asyncio.sleep(1000))
    await scope.close()
    assert task.cancelled()
