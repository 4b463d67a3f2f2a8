"""The flows of accounts that exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Optional

import pytest

from doorstep_client import CaptchaAnswer, DoorstepError, MemoryKeys, MemoryStore, Question

from ..support.server import Server
from .support import PASSWORD, Clients, copy_of, record_of, sign_up, solved

NEW_PASSWORD = "staple battery horse"


async def after_cooldown(call: Callable[[], Awaitable[Any]]) -> Any:
    """Does what a number that had a code a second ago may not do yet."""
    while True:
        try:
            return await call()
        except DoorstepError as error:
            if error.code != "resend_cooldown":
                raise


def asked(question: Optional[Question]) -> tuple[Optional[str], Optional[str]]:
    """Reason and act of a question that waits for a day."""
    assert question is not None
    assert (question.retry_after or 0) > 80_000
    return question.reason, question.act


async def test_a_password_reset_is_restarted_after_each_step(clients: Clients) -> None:
    store = MemoryStore()
    phone = await sign_up(clients, clients.new())
    first = clients.new(store=store)
    flow = first.password_reset()

    async def send() -> None:
        await flow.send_code(phone_number=phone, captcha=await solved(first))

    await after_cooldown(send)
    flow = clients.new(store=store).password_reset()
    assert (await flow.resume()).step == "code"
    assert flow.state.expires_in() > 200
    await flow.verify_code(clients.server.code(phone, 2))
    flow = clients.new(store=store).password_reset()
    assert (await flow.resume()).step == "password"
    assert (await flow.set_password(NEW_PASSWORD)).step == "done"
    last = clients.new(store=store)
    assert (await last.password_reset().resume()).step == "start"
    await last.sign_in().with_password(phone_number=phone, password=NEW_PASSWORD)
    assert last.session.state == "signed_in"


async def test_a_flow_that_the_service_has_ended_is_over_at_the_next_start(clients: Clients) -> None:
    store = MemoryStore()
    phone = await sign_up(clients, clients.new())
    doorstep = clients.new(store=store)
    flow = doorstep.sign_in()

    async def send() -> None:
        await flow.send_code(phone_number=phone, captcha=await solved(doorstep))

    await after_cooldown(send)
    copy = copy_of(store)
    await flow.verify_code(clients.server.code(phone, 2))
    state = await clients.new(store=copy).sign_in().resume()
    assert (state.step, state.ended_by) == ("ended", "ticket_expired")
    assert record_of(copy)["flows"] == {}


async def test_a_change_of_number_continues_after_a_restart(clients: Clients) -> None:
    store, keys = MemoryStore(), MemoryKeys()
    doorstep = clients.new(store=store, keys=keys)
    await sign_up(clients, doorstep)
    phone = clients.server.new_phone()
    await doorstep.phone_change().send_code(phone_number=phone, current_password=PASSWORD)
    restarted = clients.new(store=store, keys=keys)
    flow = restarted.phone_change()
    assert (await flow.resume()).step == "code"
    # The device has been known for a minute: the change is held.
    state = await flow.verify_code(clients.server.code(phone))
    assert (state.step, asked(state.question)) == ("prove", ("held", "phone_change"))
    again = await clients.new(store=store, keys=keys).phone_change().resume()
    assert (again.step, asked(again.question)) == ("prove", ("held", "phone_change"))
    act = (await restarted.account.pending())[0]
    assert (act.kind, act.own, act.approved) == ("phone_change", True, False)
    await restarted.account.refuse(act.id)
    assert await restarted.account.pending() == []


async def test_a_flow_of_a_session_ends_with_the_session(clients: Clients) -> None:
    store = MemoryStore()
    doorstep = clients.new(store=store)
    await sign_up(clients, doorstep)
    await doorstep.phone_change().send_code(phone_number=clients.server.new_phone(), current_password=PASSWORD)
    await doorstep.session.sign_out()
    assert record_of(store)["flows"] == {}
    await sign_up(clients, doorstep)
    assert (await doorstep.phone_change().resume()).step == "start"


async def test_a_deletion_by_code_is_held_in_the_app_and_without_it(clients: Clients) -> None:
    doorstep = clients.new()
    phone = await sign_up(clients, doorstep)
    in_app = doorstep.deletion()
    await after_cooldown(in_app.send_code)
    held = await in_app.verify_code(clients.server.code(phone, 2))
    assert (held.step, asked(held.question)) == ("prove", ("held", "deletion"))
    page = clients.new()
    flow = page.deletion()

    async def send() -> None:
        await flow.send_code(phone_number=phone, captcha=await solved(page))

    await after_cooldown(send)
    held = await flow.verify_code(clients.server.code(phone, 3))
    assert (held.step, asked(held.question)) == ("prove", ("held", "deletion"))


async def test_a_known_device_sends_its_token_with_every_form_of_the_number(clients: Clients) -> None:
    bodies: list[str] = []
    doorstep = clients.new(keys=MemoryKeys(), on_request=lambda exchange: bodies.append(exchange.request.body or ""))
    phone = await sign_up(clients, doorstep)
    await doorstep.session.sign_out()
    flow = doorstep.sign_in()

    async def send() -> None:
        await flow.send_code(phone_number=phone.replace("+86", "0086-"), captcha=await solved(doorstep))

    await after_cooldown(send)
    await flow.verify_code(clients.server.code(phone, 2))
    assert (doorstep.session.state, doorstep.session.bound) == ("signed_in", True)
    assert all("device_token" in body for body in bodies[-2:])


async def test_a_confirmation_of_the_number(clients: Clients) -> None:
    doorstep = clients.new()
    phone = await sign_up(clients, doorstep)
    flow = doorstep.phone_confirmation()
    await after_cooldown(flow.send_code)
    state = await flow.verify_code(clients.server.code(phone, 2))
    assert (state.step, doorstep.session.state) == ("done", "signed_in")


async def test_a_first_password(clients: Clients, start: Callable[[dict[str, str]], Server]) -> None:
    server = start({"PASSWORD_MODE": "optional", "COOLDOWN_SECONDS": "1"})
    doorstep = clients.new(base_url=server.url)
    phone, flow = server.new_phone(), doorstep.sign_up()
    await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    await flow.verify_code(server.code(phone))
    await flow.submit_profile(nickname="Ada")
    assert doorstep.session.user is not None
    assert not doorstep.session.user.has_password
    first = doorstep.first_password()
    await after_cooldown(first.send_code)
    state = await first.set_password(code=server.code(phone, 2), password=PASSWORD)
    assert (state.step, (await doorstep.account.me()).has_password) == ("done", True)


async def test_the_account(clients: Clients) -> None:
    doorstep = clients.new()
    await sign_up(clients, doorstep)
    user = await doorstep.account.update(nickname="Grace", birthday="2000-02-29", gender="other")
    assert (user.nickname, user.birthday, user.gender) == ("Grace", "2000-02-29", "other")
    user = await doorstep.account.update(clear=["birthday", "gender"])
    assert (user.nickname, user.birthday, user.gender) == ("Grace", None, None)
    assert doorstep.session.user == user == await doorstep.account.me()
    (session,) = await doorstep.account.sessions()
    assert (session.current, session.device_name) == (True, "Test phone")
    with pytest.raises(DoorstepError) as missing:
        await doorstep.account.end_session("a/b?c")
    assert (missing.value.code, missing.value.request_id is not None) == ("not_found", True)
    with pytest.raises(DoorstepError) as disabled:
        await doorstep.account.upload_avatar(b"", "image/png")
    assert disabled.value.code in ("avatar_uploads_disabled", "validation_failed")


async def test_a_number_without_a_captcha_is_a_mistake_of_the_program(clients: Clients) -> None:
    deletion = clients.new().deletion()
    with pytest.raises(TypeError):
        await deletion.send_code(phone_number="13800138000")
    with pytest.raises(TypeError):
        await deletion.send_code(captcha=CaptchaAnswer("id", "answer"))
