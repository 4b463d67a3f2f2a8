"""The process ends, or the store fails, at every moment.

Nobody is signed out, no second message is sent, and no second user is created.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Optional

import pytest

from doorstep_client import (
    AsyncDoorstep,
    AsyncSignUp,
    CaptchaAnswer,
    DoorstepError,
    KeyStore,
    MemoryKeys,
    MemoryStore,
    TransportRequest,
    TransportResponse,
)

from ..support.clock import MovedClock
from ..support.concurrency_async import STRIDE
from ..support.process import Killed, Process
from .support import PASSWORD, Clients, answered, sign_up, solved

pytestmark = pytest.mark.usefixtures("pauses")


class Interrupted(BaseException):
    """An interrupt of the user, as KeyboardInterrupt. The program goes on."""


class Phone:
    """Store and keys of a device, which stay when its process ends."""

    def __init__(self, bound: bool) -> None:
        self.store = MemoryStore()
        self.keys: Optional[KeyStore] = MemoryKeys() if bound else None


async def sign_up_stepwise(clients: Clients, doorstep: AsyncDoorstep, phone: str) -> None:
    """A user who goes on wherever the app is, until they are signed in."""
    if await doorstep.session.restore() == "signed_in":
        return
    flow = doorstep.sign_up()
    await flow.resume()
    for _ in range(6):
        if doorstep.session.state == "signed_in":
            return
        await do_step(clients, flow, phone, await solved(doorstep))
    assert doorstep.session.state == "signed_in", flow.state


async def until_killed(work: Callable[[], Awaitable[None]], process: Process) -> None:
    """Works until the process ends."""
    try:
        await work()
    except (Killed, DoorstepError):
        assert process.reached
    assert process.reached


async def check_signed_up(doorstep: AsyncDoorstep, clients: Clients, phone: str, bound: bool, moment: str) -> None:
    """One message, one session, and no open flow."""
    assert len(clients.server.messages(phone)) == 1, moment
    assert doorstep.session.bound == bound, moment
    assert (await doorstep.sign_up().resume()).step == "start", moment
    assert len(await doorstep.account.sessions()) == 1, moment


@pytest.mark.parametrize("bound", [False, True])
async def test_a_sign_up_is_killed_at_every_moment(clients: Clients, bound: bool) -> None:
    counted, device = Process(), Phone(bound)
    first = clients.started(counted, device.store, keys=device.keys)
    await sign_up_stepwise(clients, first, clients.server.new_phone())
    assert len(counted.moments()) > 20
    for moment in counted.moments()[::STRIDE]:
        device, phone, process = Phone(bound), clients.server.new_phone(), Process(moment)
        dying = clients.started(process, device.store, keys=device.keys)
        await until_killed(lambda: sign_up_stepwise(clients, dying, phone), process)
        restarted = clients.new(store=device.store, keys=device.keys)
        await sign_up_stepwise(clients, restarted, phone)
        await check_signed_up(restarted, clients, phone, bound, moment)


@pytest.mark.parametrize(("failure", "when"), [(OSError, "before"), (Interrupted, "after")])
async def test_a_sign_up_goes_on_after_a_failure_at_every_moment(
    clients: Clients, failure: type[BaseException], when: str
) -> None:
    counted, device = Process(), Phone(True)
    first = clients.started(counted, device.store, keys=device.keys)
    await sign_up_stepwise(clients, first, clients.server.new_phone())
    for moment in [one for one in counted.moments() if one.endswith(when)][::STRIDE]:
        device, phone, process = Phone(True), clients.server.new_phone(), Process(moment, failure)
        doorstep = clients.started(process, device.store, keys=device.keys)
        flow = doorstep.sign_up()
        for _ in range(10):
            try:
                if doorstep.session.state != "signed_in":
                    await do_step(clients, flow, phone, await solved(doorstep))
            except failure:
                assert process.reached
        assert process.reached
        assert doorstep.session.state == "signed_in", moment
        await check_signed_up(doorstep, clients, phone, True, moment)


async def test_a_busy_service_after_a_failure_decides_nothing(clients: Clients) -> None:
    counted, busy = Process(), list[str]()
    await sign_up_stepwise(clients, clients.started(counted, MemoryStore()), clients.server.new_phone())
    for number in (2, counted.writes):
        await fail_and_refuse(clients, Process(f"write {number} before", OSError), busy)
    # The first request is that of the captcha, the last one that of the profile.
    for number in (2, 5):
        await fail_and_refuse(clients, Process(f"request {number} after", Interrupted), busy)


async def fail_and_refuse(clients: Clients, process: Process, busy: list[str]) -> None:
    """A sign-up with a failure at one moment, and a service that is busy at the next attempt."""

    async def sometimes_busy(request: TransportRequest) -> TransportResponse:
        return await (answered(503, code="overloaded") if busy else send)(request)

    doorstep, phone = clients.started(process, MemoryStore()), clients.server.new_phone()
    send, doorstep._api.transport = doorstep._api.transport, sometimes_busy
    flow, captcha = doorstep.sign_up(), await solved(doorstep)
    while doorstep.session.state != "signed_in":
        try:
            await do_step(clients, flow, phone, captcha)
        except (OSError, Interrupted):
            busy.append("now")
            with pytest.raises(DoorstepError) as refused:
                await do_step(clients, flow, phone, captcha)
            assert (refused.value.code, refused.value.unanswered) == ("overloaded", True)
            busy.clear()
    assert process.reached
    await check_signed_up(doorstep, clients, phone, False, "busy")


async def do_step(clients: Clients, flow: AsyncSignUp, phone: str, captcha: CaptchaAnswer) -> None:
    """Does what the user does at the step."""
    step = flow.state.step
    if step == "start":
        await flow.send_code(phone_number=phone, captcha=captcha)
    elif step == "code":
        await flow.verify_code(clients.server.code(phone))
    elif step == "password":
        await flow.set_password(PASSWORD)
    else:
        await flow.submit_profile(nickname="Ada")


@pytest.mark.parametrize("bound", [False, True])
async def test_refreshes_are_killed_at_every_moment(clients: Clients, bound: bool) -> None:
    device, counted = Phone(bound), Process()
    await sign_up(clients, clients.new(store=device.store, keys=device.keys))

    async def refresh(process: Process) -> None:
        doorstep = clients.started(process, device.store, keys=device.keys)
        await doorstep.session.access_token()
        await doorstep.account.me()

    await refresh(counted)
    for moment in (counted.moments() * 2)[::STRIDE]:
        process = Process(moment)
        await until_killed(lambda: refresh(process), process)
        restarted = clients.new(store=device.store, keys=device.keys)
        assert (await restarted.account.me()).nickname == "Ada", moment


async def test_a_password_change_is_killed_at_every_moment_with_a_key(clients: Clients) -> None:
    counted = Process()
    device = Phone(True)
    passwords = [PASSWORD, "staple battery horse"]
    await sign_up(clients, clients.new(store=device.store, keys=device.keys))

    async def change(process: Process) -> None:
        doorstep = clients.started(process, device.store, keys=device.keys, clock=MovedClock())
        try:
            await doorstep.account.change_password(current_password=passwords[0], new_password=passwords[1])
        except DoorstepError as error:
            # The change before was done, and its answer was lost.
            assert error.code == "password_wrong"
            await doorstep.account.change_password(current_password=passwords[1], new_password=passwords[0])
            passwords.reverse()
        passwords.reverse()

    await change(counted)
    for moment in counted.moments()[::STRIDE]:
        process = Process(moment)
        try:
            await change(process)
        except (Killed, DoorstepError):
            assert process.reached
        restarted = clients.new(store=device.store, keys=device.keys)
        assert (await restarted.account.me()).nickname == "Ada", moment
