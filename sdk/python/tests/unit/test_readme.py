"""The blocks of README.md run as they are, in their order, against a real service."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import doorstep_client
from doorstep_client import LockingStore, MemoryStore

from ..support.server import TREE, Server

README = (TREE / "sdk/python/README.md").read_text("utf-8")


def blocks(heading: str, server: Server) -> list[str]:
    """The blocks of one chapter, for this server."""
    chapter = next(text for text in re.split(r"^#+ ", README, flags=re.M) if text.startswith(heading))
    found: list[str] = re.findall(r"```python\n(.*?)```", chapter, re.S)
    assert found, heading
    return [
        block.replace("https://id.example.com", server.url).replace(
            "https://api.example.com/orders", server.url + "/v1/me"
        )
        for block in found
    ]


async def run(block: str, names: dict[str, Any]) -> None:
    """Runs a block with these names, to which it adds its own."""
    code = compile(block, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if result is not None:
        await result


@pytest.fixture
def server(start: Callable[[dict[str, str]], Server]) -> Server:
    """A service that knows the number, the code and the captcha of the README."""
    until = date.today() + timedelta(days=30)
    return start({"CAPTCHA_BYPASS_ANSWER": "ADEHLM", "TEST_PHONES": f"+8613800138000=042137@{until}"})


async def test_the_blocks_from_the_sign_up_to_the_errors(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown: list[Any] = []
    names: dict[str, Any] = {"show": lambda *values: shown.append(values[0])}
    create, synchronous = blocks("doorstep-client", server)
    await asyncio.to_thread(exec, synchronous, {})
    await run(create, names)
    doorstep = names["doorstep"]
    sign_up, resume = blocks("Sign up", server)
    await run(sign_up, names)
    assert shown[1:] == ["code", "password", "profile", "done"]
    assert (doorstep.session.user.nickname, doorstep.session.user.phone_number) == ("Ada", "+8613800138000")
    await run(resume, names)

    shown.clear()
    request, session = blocks("Call your API", server)
    async with httpx.AsyncClient() as http:
        await run(request, {**names, "http": http, "doorstep": doorstep})
    await run(session, names)
    assert shown == ["signed_out"]

    captcha = (await doorstep.captcha()).answer("ADEHLM")
    user = {"phone_number": "13800138000", "password": "correct horse battery", "code": "042137", "captcha": captcha}
    with_password, with_code = blocks("Sign in", server)[0].split("\n\n")
    await run(with_password, {**names, **user})
    assert doorstep.session.state == "signed_in"
    await doorstep.session.sign_out()
    flow = {**names, **user, "flow": doorstep.sign_in()}
    await run(with_code, flow)
    assert doorstep.session.state == "signed_in"

    shown.clear()
    (error,) = blocks("Errors", server)
    sign_in = doorstep.sign_in()
    await sign_in.send_code(phone_number="13800138000", captcha=(await doorstep.captcha()).answer("ADEHLM"))
    await run(error, {**names, "flow": sign_in, "code": "000000"})
    await run(error, {**names, "flow": doorstep.sign_up(), "code": "000000"})
    assert shown == ["Wrong code, 4 attempts left", "Something went wrong. Please try again later."]
    await doorstep.aclose()

    (keys,) = blocks("Keys", server)
    await run(keys, names)
    await names["doorstep"].aclose()


async def test_the_store_of_the_readme(server: Server) -> None:
    names: dict[str, Any] = {}
    (block,) = blocks("Tasks, threads and processes", server)
    await run(block, names)

    class Redis(MemoryStore):
        def delete(self, key: str) -> None:
            self.set(key, None)

    store = names["RedisStore"](Redis())
    assert isinstance(store, LockingStore)
    store.set("a", "b")
    assert store.get("a") == "b"
    store.set("a", None)
    assert store.get("a") is None


def test_the_names_of_the_readme_exist() -> None:
    flows = {name for name in vars(doorstep_client.AsyncDoorstep) if not name.startswith("_")}
    account = {name for name in vars(doorstep_client.AsyncAccount) if not name.startswith("_")}
    text = re.sub(r"```.*?```", "", README, flags=re.S)
    assert set(re.findall(r"`([a-z_]+)\(\)`", text)) <= flows | account | {
        "resend_in",
        "expires_in",
        "access_token",
        "start_anew",
    }
    listed = re.search(r"`doorstep.account` has the rest: (.*?)\.\n", text, re.S)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == account - {"update"}
