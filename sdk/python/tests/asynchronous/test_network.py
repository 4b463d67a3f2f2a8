"""A network that loses and doubles requests and answers."""

from __future__ import annotations

from functools import partial

import pytest

from doorstep_client import (
    DoorstepError,
    MemoryKeys,
    MemoryStore,
    SignedOutReason,
    TransportRequest,
    TransportResponse,
)
from doorstep_client._generated import operations, types

from ..support.clock import MovedClock
from ..support.concurrency_async import together
from .support import PASSWORD, Clients, answered, sign_up, solved

pytestmark = pytest.mark.usefixtures("pauses")


class Line:
    """A network that a test cuts: the service still sees the requests."""

    def __init__(self, clients: Clients) -> None:
        self.cut = False
        self._clients = clients

    async def __call__(self, request: TransportRequest) -> TransportResponse:
        response = await self._clients.send(request)
        if self.cut:
            raise OSError("no network")
        return response


@pytest.mark.parametrize("fault", ["lost answer", "lost request", "doubled"])
@pytest.mark.parametrize("offset", [0, 1, 2])
async def test_a_sign_up_with_a_fault_in_every_third_request(clients: Clients, fault: str, offset: int) -> None:
    send = clients.faulty(lambda number: fault if (number + offset) % 3 == 0 else None)
    doorstep = clients.new(transport=send, keys=MemoryKeys())
    phone = await sign_up(clients, doorstep)
    assert len(clients.server.messages(phone)) == 1
    assert len(await doorstep.account.sessions()) == 1


@pytest.mark.parametrize("bound", [False, True])
async def test_two_clients_on_one_store_lose_every_third_answer(clients: Clients, bound: bool) -> None:
    store, clock, reasons = MemoryStore(), MovedClock(), list[SignedOutReason]()
    keys = MemoryKeys() if bound else None
    users = [
        clients.new(
            store=store,
            keys=keys,
            clock=clock,
            transport=clients.faulty(lambda number: "lost answer" if number % 3 == 0 else None),
        )
        for _ in range(2)
    ]
    await sign_up(clients, users[0])
    for user in users:
        user.session.on_signed_out(reasons.append)
    tokens: set[str] = set()
    for _ in range(20):
        clock.ahead += 900
        tokens.update(await together(*[user.session.access_token for user in users]))
    assert reasons == []
    assert len(tokens) >= 20


async def test_an_action_that_got_no_answer_is_the_same_action_at_the_next_call(clients: Clients) -> None:
    line = Line(clients)
    doorstep, phone = clients.new(transport=line), clients.server.new_phone()
    flow, captcha = doorstep.sign_up(), await solved(doorstep)
    line.cut = True
    with pytest.raises(DoorstepError) as lost:
        await flow.send_code(phone_number=phone, captcha=captcha)
    assert (lost.value.code, lost.value.status, lost.value.unanswered) == ("network", 0, True)
    line.cut = False
    # The page shows another captcha; the user presses the button again.
    await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    assert flow.state.step == "code"
    assert len(clients.server.messages(phone)) == 1

    await flow.verify_code(clients.server.code(phone))
    line.cut = True
    for call in (partial(flow.set_password, PASSWORD), partial(flow.submit_profile, nickname="Ada")):
        with pytest.raises(DoorstepError, match="network"):
            await call()
    line.cut = False
    await flow.submit_profile(nickname="Ada")
    assert doorstep.session.state == "signed_in"


async def test_no_code_is_sent_to_a_number_that_the_user_has_corrected(clients: Clients) -> None:
    offline = ["now"]

    async def send(request: TransportRequest) -> TransportResponse:
        if offline and request.url.endswith("/send-code"):
            raise OSError("no network")
        return await clients.send(request)

    doorstep = clients.new(transport=send)
    flow, mistyped, phone = doorstep.sign_up(), clients.server.new_phone(), clients.server.new_phone()
    captcha = await solved(doorstep)
    with pytest.raises(DoorstepError, match="network"):
        await flow.send_code(phone_number=mistyped, captcha=captcha)
    offline.clear()
    await flow.send_code(phone_number=phone, captcha=captcha)
    assert (len(clients.server.messages(mistyped)), len(clients.server.messages(phone))) == (0, 1)


@pytest.mark.parametrize("bound", [False, True])
async def test_a_password_change_with_a_lost_answer_keeps_the_session(clients: Clients, bound: bool) -> None:
    lose: list[str] = []
    clock = MovedClock()
    doorstep = clients.new(
        transport=clients.faulty(lambda number: lose.pop() if lose else None),
        clock=clock,
        keys=MemoryKeys() if bound else None,
    )
    await sign_up(clients, doorstep)
    lose[:] = ["lost answer"] * 2
    await doorstep.account.change_password(current_password=PASSWORD, new_password="staple battery horse")
    # All attempts are lost, and the user repeats the call: it is the same change.
    lose[:] = ["lost answer"] * 4
    change = {"current_password": "staple battery horse", "new_password": "battery horse staple"}
    with pytest.raises(DoorstepError, match="network"):
        await doorstep.account.change_password(**change)
    await doorstep.account.change_password(**change)
    clock.ahead += 900
    assert (await doorstep.account.me()).has_password


async def test_a_deletion_with_a_lost_answer_is_a_deletion(clients: Clients) -> None:
    lose, reasons = list[str](), list[SignedOutReason]()
    doorstep = clients.new(transport=clients.faulty(lambda number: lose.pop() if lose else None))
    await sign_up(clients, doorstep)
    doorstep.session.on_signed_out(reasons.append)
    lose[:] = ["lost answer"]
    state = await doorstep.deletion().with_password(PASSWORD)
    assert (state.step, doorstep.session.state, reasons) == ("done", "signed_out", ["account_deleted"])


async def test_a_busy_service_is_asked_again_after_a_short_retry_after(clients: Clients, pauses: list[float]) -> None:
    refusals: list[str] = []

    async def send(request: TransportRequest) -> TransportResponse:
        if not refusals:
            return await clients.send(request)
        body = '{"code": "overloaded", "detail": "busy", "status": 503}'
        return TransportResponse(503, {"retry-after": refusals.pop(0)}, body)

    doorstep = clients.new(transport=send)
    await sign_up(clients, doorstep)
    refusals[:] = ["1", "2"]
    await doorstep.account.me()
    assert (refusals, pauses) == ([], [1, 2])
    refusals[:] = ["60"]
    with pytest.raises(DoorstepError) as busy:
        await doorstep.account.me()
    assert (busy.value.code, busy.value.retry_after) == ("overloaded", 60)

    # A captcha is used up by a refusal: the app shows another one.
    captcha = await solved(doorstep)
    refusals[:] = ["1"]
    with pytest.raises(DoorstepError, match="overloaded"):
        await doorstep.sign_in().send_code(phone_number=clients.server.new_phone(), captcha=captcha)


async def test_a_message_without_an_idempotency_key_is_sent_once(clients: Clients, pauses: list[float]) -> None:
    api = clients.new(transport=clients.faulty(lambda number: "lost answer"))._api
    body = types.SendCode(phone_number=clients.server.new_phone(), captcha_id="id", captcha_answer="answer")
    with pytest.raises(DoorstepError, match="network"):
        await api.send(operations.ACCOUNT_DELETION_SEND_CODE, body)
    assert pauses == []


async def test_the_login_page_of_a_wifi_is_not_an_answer(clients: Clients, pauses: list[float]) -> None:
    portal: list[str] = []

    async def send(request: TransportRequest) -> TransportResponse:
        if portal:
            return TransportResponse(200, {"content-type": "text/html"}, "<html>Log in</html>")
        return await clients.send(request)

    clock = MovedClock()
    doorstep = clients.new(transport=send, clock=clock)
    await sign_up(clients, doorstep)
    clock.ahead += 900
    portal.append("now")
    with pytest.raises(DoorstepError) as invalid:
        await doorstep.session.access_token()
    assert (invalid.value.code, invalid.value.next) == ("invalid_answer", "retry")
    assert (doorstep.session.state, len(pauses)) == ("signed_in", 3)
    portal.clear()
    assert (await doorstep.account.me()).nickname == "Ada"


async def test_the_first_request_with_the_same_key_is_still_running(clients: Clients, pauses: list[float]) -> None:
    doorstep = clients.new(transport=answered(409, code="request_in_progress", retry_after=1))
    flow = doorstep.sign_up()
    with pytest.raises(DoorstepError) as running:
        await flow.send_code(phone_number=clients.server.new_phone(), captcha=await solved(clients.new()))
    assert (running.value.code, running.value.unanswered, len(pauses)) == ("request_in_progress", True, 25)
