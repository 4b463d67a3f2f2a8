"""Settings of the operator, and a service that is newer than the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from doorstep_client import AsyncDoorstep, DoorstepError, MemoryKeys, MemoryStore

from ..support.server import Server
from .support import PASSWORD, Clients, answered, sign_up, solved

Start = Callable[[dict[str, str]], Server]


async def test_the_documents_of_a_service_that_requires_consent(clients: Clients, start: Start) -> None:
    server = start({"LEGAL_DOCUMENTS": "terms@1,privacy@2"})
    doorstep = clients.new(base_url=server.url)
    flow, phone, captcha = doorstep.sign_up(), server.new_phone(), await solved(doorstep)
    with pytest.raises(DoorstepError) as required:
        await flow.send_code(phone_number=phone, captcha=captcha)
    documents = required.value.documents
    assert (required.value.code, required.value.next) == ("consent_required", "accept_documents")
    assert sorted(documents) == ["privacy@2", "terms@1"]
    await flow.send_code(phone_number=phone, captcha=captcha, accepted=documents)
    await flow.verify_code(server.code(phone))
    await flow.set_password(PASSWORD)
    await flow.submit_profile(nickname="Ada")
    assert doorstep.session.user is not None
    assert doorstep.session.user.consent_due == []
    assert (await doorstep.account.accept_documents(documents)).consent_due == []


async def test_a_code_for_a_new_device_is_a_step_of_the_sign_in(clients: Clients, start: Start) -> None:
    server = start({"NEW_DEVICE_CODE": "true"})
    others = Clients(server)
    phone = await sign_up(others, others.new())
    await others.aclose()
    doorstep = clients.new(base_url=server.url, keys=MemoryKeys())
    flow = doorstep.sign_in()
    with pytest.raises(DoorstepError, match="captcha_required"):
        await flow.with_password(phone_number=phone, password=PASSWORD)
    state = await flow.with_password(phone_number=phone, password=PASSWORD, captcha=await solved(doorstep))
    assert (state.step, state.attempts_left) == ("code", 5)
    await flow.verify_code(server.code(phone, 2))
    assert doorstep.session.bound
    await doorstep.session.sign_out()
    await doorstep.sign_in().with_password(phone_number=phone, password=PASSWORD)
    assert doorstep.session.state == "signed_in"


async def test_a_service_without_dpop_gives_an_unbound_session(clients: Clients, start: Start) -> None:
    others = Clients(start({"PUBLIC_URLS": ""}))
    doorstep = others.new(keys=MemoryKeys())
    await sign_up(others, doorstep)
    await others.aclose()
    assert (doorstep.session.state, doorstep.session.bound) == ("signed_in", False)


async def test_the_proof_of_work(clients: Clients, start: Start) -> None:
    server = start({"PROOF_OF_WORK": "always", "PROOF_OF_WORK_BITS": "12"})
    doorstep = clients.new(base_url=server.url)
    await doorstep.sign_up().send_code(phone_number=server.new_phone(), captcha=await solved(doorstep))
    first = await doorstep.captcha(kind="audio")
    second = await first.refresh()
    assert (first.kind, first.media_type, first.image) == ("audio", "audio/wav", None)
    assert first.audio is not None
    assert first.audio.startswith(b"RIFF")
    assert (second.kind, second.id != first.id) == ("audio", True)

    proofs: list[str] = []

    def wrong(work: Any, cancelled: Any) -> str:
        proofs.append(work.challenge)
        return "0"

    refused = clients.new(base_url=server.url, solve_proof_of_work=wrong)
    with pytest.raises(DoorstepError, match="proof_of_work_invalid"):
        await refused.captcha()
    assert len(proofs) == 3


async def test_a_captcha(clients: Clients) -> None:
    captcha = await clients.new(language="zh-CN").captcha(theme="dark")
    assert captcha.image is not None
    assert captcha.image.startswith(b"\x89PNG")
    assert (captcha.kind, captcha.media_type, captcha.audio) == ("image", "image/png", None)
    assert captcha.prompt.startswith("请")
    assert captcha.answer("x").id == captcha.id
    assert captcha.expires_in > 0


async def test_errors_speak_the_language_of_the_client(clients: Clients) -> None:
    sentences = []
    for language in ("zh-Hant", "en", None):
        doorstep = clients.new(language=language)
        with pytest.raises(DoorstepError) as refused:
            await doorstep.sign_in().with_password(phone_number=clients.server.new_phone(), password="wrong password")
        assert refused.value.code in ("credentials_invalid", "captcha_required")
        sentences.append(refused.value.user_message)
    assert sentences[1] == sentences[2] != sentences[0]
    assert sentences[0].isascii() is False


async def test_a_step_of_a_newer_service_is_unknown_and_no_error(clients: Clients) -> None:
    def change(path: str, body: Any) -> Any:
        return {**body, "step": "register_passkey", "more": {}} if path == "/v1/register/verify-code" else body

    store = MemoryStore()
    doorstep = clients.new(transport=clients.changing(change), store=store)
    flow, phone = doorstep.sign_up(), clients.server.new_phone()
    await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    state = await flow.verify_code(clients.server.code(phone))
    assert (state.step, state.server_step) == ("unknown", "register_passkey")
    # The next start of the app asks the service.
    assert (await clients.new(store=store).sign_up().resume()).step == "password"


async def test_values_and_errors_of_a_newer_service_reach_the_app(clients: Clients) -> None:
    def change(path: str, body: Any) -> Any:
        return {**body, "gender": "unspecified", "badge": "gold", "birthday": None} if path == "/v1/me" else body

    doorstep = clients.new(transport=clients.changing(change))
    await sign_up(clients, doorstep)
    user = await doorstep.account.me()
    assert (user.gender, user.birthday) == ("unspecified", None)
    refusing = clients.new(transport=answered(409, code="too_modern", detail="new", hint=1))
    with pytest.raises(DoorstepError) as refused:
        await refusing.captcha()
    assert (refused.value.code, refused.value.next) == ("too_modern", "retry_later")
    assert refused.value.problem is not None
    assert refused.value.problem["hint"] == 1


@pytest.mark.parametrize(
    ("problem", "step", "reason"),
    [
        ({"code": "account_frozen", "step": "prove_account", "expires_in": 100}, "prove", "account_frozen"),
        ({"code": "act_held", "retry_after": 60, "step": None, "ticket": None}, "prove", "held"),
    ],
)
async def test_a_question_is_a_step(clients: Clients, problem: dict[str, Any], step: str, reason: str) -> None:
    asking: AsyncDoorstep = clients.new(transport=answered(409, detail="", **problem))
    flow = asking.sign_in()
    state = await flow.with_password(phone_number="13800138000", password=PASSWORD)
    assert state.question is not None
    assert (state.step, state.question.reason) == (step, reason)
    assert state.expires_in() == problem.get("expires_in", 0)
    assert state.question.retry_after == problem.get("retry_after")
