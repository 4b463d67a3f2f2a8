"""The synchronous client: threads and interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep_client import Doorstep, DoorstepError, FileStore, TransportRequest, TransportResponse
from doorstep_client._fair_lock import FairLock
from doorstep_client._runtime_sync import Flight, Scope, held

from ..support.clock import MovedClock
from ..support.concurrency_sync import joined, settled
from ..support.server import TREE, Server
from ..synchronous.support import PASSWORD, Clients, sign_up


@pytest.fixture
def clients(server: Server) -> Iterator[Clients]:
    """Clients of the service without limits."""
    clients = Clients(server)
    yield clients
    clients.close()


def test_an_interrupt_of_one_thread_is_an_error_of_those_that_wait_for_it() -> None:
    started, interrupt = threading.Event(), threading.Event()

    def work() -> str:
        started.set()
        interrupt.wait()
        raise KeyboardInterrupt

    flight = Flight(Scope(), work)

    def first() -> str:
        return flight.join()

    def later() -> str:
        started.wait()
        return flight.join()

    def ends() -> str:
        joined(3)
        interrupt.set()
        return ""

    results = settled(first, later, later, ends)
    assert isinstance(results[0], KeyboardInterrupt)
    for result in results[1:3]:
        assert isinstance(result, DoorstepError)
        assert result.code == "aborted"
    assert flight.done


def test_a_listener_may_wait_for_the_client(clients: Clients) -> None:
    clock = MovedClock()
    doorstep = clients.new(clock=clock)
    flow = doorstep.sign_up()
    seen: list[str] = []
    flow.on_change(lambda state: seen.append(flow.resume().step))
    doorstep.session.on_change(lambda state: seen.append(doorstep.session.restore()))
    phone = sign_up(clients, doorstep)
    assert seen == ["signed_out", "signed_in"]
    other = clients.new()
    other.sign_in().with_password(phone_number=phone, password=PASSWORD)
    other.session.sign_out(everywhere=True)

    def sign_in_again(reason: str) -> None:
        seen.append(reason)
        doorstep.sign_in().with_password(phone_number=phone, password=PASSWORD)

    doorstep.session.on_signed_out(sign_in_again)
    clock.ahead += 900
    with pytest.raises(DoorstepError, match="signed_out"):
        doorstep.session.access_token()
    assert seen[2:] == ["signed_out", "session_ended", "signed_in"]
    assert doorstep.session.access_token()


def test_threads_have_a_lock_in_the_order_in_which_they_came() -> None:
    lock, order, waiting = FairLock(), list[int](), list[threading.Thread]()

    def hold(number: int) -> None:
        with held(lock, None):
            order.append(number)

    assert lock.request().done()
    for number in range(5):
        thread = threading.Thread(target=hold, args=(number,))
        thread.start()
        while len(lock._waiting) <= number:
            thread.join(0.001)
        waiting.append(thread)
    lock.release()
    for thread in waiting:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


INTERRUPTED = """
import signal, sys
# A process that was started in the background ignores the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
from doorstep_client import Doorstep, FileStore, HttpxTransport
url, folder, phone = sys.argv[1:]
send = HttpxTransport()
def held_back(request):
    response = send(request)
    if request.url.endswith("send-code"):
        print("sent", flush=True)
        sys.stdin.read()
    return response
doorstep = Doorstep(url, store=FileStore(folder), transport=held_back)
captcha = doorstep.captcha().answer("letmein")
try:
    doorstep.sign_up().send_code(phone_number=phone, captcha=captcha)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_loses_nothing(server: Server, tmp_path: Path) -> None:
    phone = server.new_phone()
    command = [sys.executable, "-c", INTERRUPTED, server.url, str(tmp_path), phone]
    environment = {**os.environ, "PYTHONPATH": str(TREE / "sdk/python/src")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
    with Doorstep(server.url, store=FileStore(tmp_path)) as doorstep:
        assert doorstep.sign_up().resume().step == "code"
    assert len(server.messages(phone)) == 1


def test_the_same_client_goes_on_after_an_interrupt(clients: Clients) -> None:
    interrupts: list[str] = []

    def send(request: TransportRequest) -> TransportResponse:
        response = clients.send(request)
        if interrupts and request.url.endswith(interrupts[0]):
            interrupts.pop()
            raise KeyboardInterrupt
        return response

    doorstep, phone = clients.new(transport=send), clients.server.new_phone()
    flow = doorstep.sign_up()
    captcha = doorstep.captcha().answer("letmein")
    interrupts.append("send-code")
    with pytest.raises(KeyboardInterrupt):
        flow.send_code(phone_number=phone, captcha=captcha)
    flow.send_code(phone_number=phone, captcha=captcha)
    assert len(clients.server.messages(phone)) == 1
    interrupts.append("verify-code")
    with pytest.raises(KeyboardInterrupt):
        flow.verify_code(clients.server.code(phone))
    assert flow.verify_code(clients.server.code(phone)).step == "password"
