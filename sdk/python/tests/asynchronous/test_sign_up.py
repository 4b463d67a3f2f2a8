"""A sign-up from its first to its last step."""

from __future__ import annotations

from functools import partial
from typing import Optional

import pytest

from doorstep_client import (
    DoorstepError,
    ErrorCode,
    FlowState,
    MemoryKeys,
    MemoryStore,
    TransportRequest,
    TransportResponse,
)

from ..support.clock import MovedClock
from ..support.concurrency_async import joined, together
from .support import PASSWORD, Clients, sign_up, solved


async def test_the_steps_of_a_sign_up(clients: Clients) -> None:
    clock = MovedClock()
    doorstep = clients.new(clock=clock, keys=MemoryKeys())
    phone = clients.server.new_phone()
    states: list[FlowState] = []
    sessions: list[str] = []
    doorstep.session.on_change(sessions.append)
    flow = doorstep.sign_up()
    flow.on_change(states.append)
    assert flow.state.step == "start"

    state = await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    assert (state.step, state.server_step, state.attempts_left) == ("code", "verify_code", 5)
    assert state.phone_number is not None
    assert state.phone_number.endswith(phone[-4:])
    assert (state.resend_in(), 290 < state.expires_in() <= 300) == (1, True)
    clock.ahead += 1
    assert state.resend_in() == flow.state.resend_in() == 0

    with pytest.raises(DoorstepError) as wrong:
        await flow.verify_code("000000" if clients.server.code(phone) != "000000" else "000001")
    assert (wrong.value.code, wrong.value.attempts_left, flow.state.attempts_left) == (ErrorCode.CODE_WRONG, 4, 4)
    assert (await flow.verify_code(clients.server.code(phone))).step == "password"
    assert (await flow.set_password(PASSWORD)).step == "profile"
    await flow.submit_profile(nickname="Ada", gender="female", birthday="2000-02-29")
    assert doorstep.session.user is not None
    assert (doorstep.session.user.nickname, doorstep.session.user.phone_number) == ("Ada", phone)
    assert (doorstep.session.state, doorstep.session.bound, flow.state.step) == ("signed_in", True, "done")
    assert [state.step for state in states] == ["code", "code", "password", "profile", "done"]
    assert sessions == ["signed_out", "signed_in"]


async def test_a_button_that_is_pressed_twice_is_one_action(clients: Clients) -> None:
    sent: list[str] = []

    async def send(request: TransportRequest) -> TransportResponse:
        sent.append(request.url.rpartition("/")[2])
        if sent[-1] != "captchas":
            await joined(3)
        return await clients.send(request)

    doorstep, phone = clients.new(transport=send), clients.server.new_phone()
    flow, captcha = doorstep.sign_up(), await solved(doorstep)
    states = await together(*[lambda: flow.send_code(phone_number=phone, captcha=captcha)] * 3)
    assert [state.step for state in states] == ["code"] * 3
    code = clients.server.code(phone)
    await together(*[lambda: flow.verify_code(code)] * 3)
    await together(*[lambda: flow.set_password(PASSWORD)] * 3)
    await together(*[lambda: flow.submit_profile(nickname="Ada")] * 3)
    assert sent[1:] == ["send-code", "verify-code", "set-password", "submit-profile"]
    assert len(clients.server.messages(phone)) == 1


async def test_a_step_without_a_code_is_refused_without_a_request(clients: Clients) -> None:
    async def send(request: TransportRequest) -> TransportResponse:
        raise AssertionError("a request")

    flow = clients.new(transport=send).sign_up()
    for call in (flow.resend_code, flow.start_anew, partial(flow.verify_code, "123456")):
        with pytest.raises(DoorstepError) as refused:
            await call()
        assert refused.value.code == ErrorCode.WRONG_STEP


async def test_a_listener_that_fails_or_calls_the_client_harms_nothing(
    clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    doorstep = clients.new()
    seen: list[str] = []

    def fail(state: FlowState) -> None:
        raise ValueError("a defect of the app")

    flow = doorstep.sign_up()
    flow.on_change(fail)
    remove = flow.on_change(lambda state: seen.append(flow.state.step))
    phone = clients.server.new_phone()
    await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    remove()
    await flow.verify_code(clients.server.code(phone))
    assert seen == ["code"]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["a listener failed"] * 2


async def test_a_flow_that_is_cancelled_is_forgotten(clients: Clients) -> None:
    keys = MemoryKeys()
    doorstep = clients.new(keys=keys)
    phone = clients.server.new_phone()
    flow = doorstep.sign_up()
    await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    assert (await flow.cancel()).step == "start"
    assert (await doorstep.sign_up().resume()).step == "start"


async def test_a_password_is_never_stored(clients: Clients) -> None:
    written: list[str] = []

    class RecordingStore(MemoryStore):
        def set(self, key: str, value: Optional[str]) -> None:
            written.append(value or "")
            super().set(key, value)

    doorstep = clients.new(store=RecordingStore())
    phone = await sign_up(clients, doorstep)
    await doorstep.session.sign_out()
    await doorstep.sign_in().with_password(phone_number=phone, password=PASSWORD)
    await doorstep.account.change_password(current_password=PASSWORD, new_password="staple battery horse")
    await doorstep.deletion().with_password("staple battery horse")
    assert len(written) > 10
    assert [value for value in written if "battery" in value] == []


async def test_no_secret_is_in_a_repr(clients: Clients) -> None:
    shown: list[str] = []
    doorstep = clients.new(on_request=lambda exchange: shown.append(repr(exchange)))
    flow = doorstep.sign_up()
    await sign_up(clients, doorstep)
    token = await doorstep.session.access_token()
    text = " ".join([*shown, repr(doorstep), repr(flow), repr(flow.state), repr(doorstep.session), str(doorstep)])
    assert "submit-profile" in text
    for secret in (PASSWORD, token, "refresh_token", "captcha_answer"):
        assert secret not in text
