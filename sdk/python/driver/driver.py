"""Driver for the scenarios in sdk/scenarios: one client, controlled by JSON lines on the standard input.

With --sync it uses the synchronous client, each call in a thread of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from doorstep_client import (
    AsyncDoorstep,
    CaptchaAnswer,
    Doorstep,
    DoorstepError,
    FileKeys,
    FileStore,
    FlowState,
    Store,
)

FLOWS = (
    "sign_up",
    "sign_in",
    "password_reset",
    "phone_change",
    "phone_confirmation",
    "first_password",
    "deletion",
    "reclaim",
)
# Arguments that are not passed by name.
PLAIN = {"end_session": "id", "approve": "id", "refuse": "id", "accept_documents": "documents"}

output = threading.Lock()


def say(message: dict[str, Any]) -> None:
    """Writes one line."""
    line = json.dumps(message, ensure_ascii=False) + "\n"
    with output:
        sys.stdout.write(line)
        sys.stdout.flush()


class WrongClock:
    """A device whose user has set the clock wrongly."""

    def __init__(self, offset: float) -> None:
        self._offset = offset

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time() + self._offset


class WithoutLock:
    """A store whose processes cannot wait for each other."""

    def __init__(self, inner: Store) -> None:
        self.get = inner.get
        self.set = inner.set


class Crashing(FileStore):
    """A store that ends the process before or after one of its writes."""

    def __init__(self, folder: str, write: int, when: str) -> None:
        super().__init__(folder)
        self._left = write
        self._when = when

    def set(self, key: str, value: Optional[str]) -> None:
        self._left -= 1
        if self._left == 0 and self._when == "before":
            os._exit(137)
        super().set(key, value)
        if self._left == 0:
            os._exit(137)


class Driver:
    """One client, and its flows."""

    def __init__(self, synchronous: bool) -> None:
        self._synchronous = synchronous
        self._client: Any = None
        self._captcha: Any = None
        self._flows: dict[str, Any] = {}

    async def answer(self, line: str) -> None:
        """Does one call, and writes its answer."""
        call = json.loads(line)
        target, _, verb = call["do"].partition(".")
        message: dict[str, Any] = {"id": call["id"]}
        try:
            message["value"] = await self._run(target, verb, call.get("with", {}))
        except Exception as error:
            message["error"] = described(error)
        if target in FLOWS and self._client is not None:
            message["state"] = state_of(self._flow(target).state)
        say({name: value for name, value in message.items() if value is not None})

    async def _run(self, target: str, verb: str, parameters: dict[str, Any]) -> Any:
        if target == "open":
            return self._open(**parameters)
        if target == "captcha":
            return await self._captcha_verb(verb, parameters)
        if target == "session":
            return await self._session_verb(verb, parameters)
        if target == "account":
            return plain(await self._call(self._client.account, verb, parameters))
        if verb != "state":
            if "captcha" in parameters:
                parameters["captcha"] = await self._solved(parameters["captcha"])
            await self._call(self._flow(target), verb, parameters)
        return None

    def _open(
        self,
        base_url: str,
        store: str,
        keys: Optional[str],
        lock: bool = True,
        clock_offset: Optional[float] = None,
        crash_at: Optional[dict[str, Any]] = None,
        **options: Any,
    ) -> dict[str, Any]:
        files = FileStore(store) if crash_at is None else Crashing(store, crash_at["write"], crash_at["when"])
        make: Callable[..., Any] = Doorstep if self._synchronous else AsyncDoorstep
        self._client = make(
            base_url,
            store=files if lock else WithoutLock(files),
            keys=None if keys is None else FileKeys(keys),
            clock=None if clock_offset is None else WrongClock(clock_offset),
            **options,
        )
        self._client.session.on_signed_out(lambda reason: say({"event": "signed_out", "reason": reason}))
        return {"protocol": 1, "language": "python", "keys": True}

    async def _captcha_verb(self, verb: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if verb == "create":
            self._captcha = await finished(self._client.captcha(**parameters))
        else:
            self._captcha = await finished(self._captcha.refresh())
        names = ("id", "kind", "media_type", "prompt", "input", "length", "expires_in")
        return {name: getattr(self._captcha, name) for name in names if getattr(self._captcha, name) is not None}

    async def _session_verb(self, verb: str, parameters: dict[str, Any]) -> Any:
        session = self._client.session
        if verb == "access_token":
            return await finished(session.access_token(**parameters))
        if verb == "sign_out":
            await finished(session.sign_out(**parameters))
        return {"state": await finished(session.restore()), "bound": session.bound}

    async def _solved(self, captcha: Any) -> CaptchaAnswer:
        """A text is the answer to a new captcha; an object names the captcha, too."""
        if not isinstance(captcha, str):
            return CaptchaAnswer(captcha["id"], captcha["answer"])
        created = await finished(self._client.captcha())
        return CaptchaAnswer(created.id, captcha)

    async def _call(self, owner: Any, verb: str, parameters: dict[str, Any]) -> Any:
        if verb in PLAIN:
            return await finished(getattr(owner, verb)(parameters[PLAIN[verb]]))
        return await finished(getattr(owner, verb)(**parameters))

    def _flow(self, name: str) -> Any:
        if name not in self._flows:
            self._flows[name] = getattr(self._client, name)()
        return self._flows[name]


async def finished(result: Any) -> Any:
    """The result of either client."""
    return await result if inspect.isawaitable(result) else result


def plain(value: Any) -> Any:
    """A model as JSON, without its absent fields."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def state_of(state: FlowState) -> dict[str, Any]:
    """The state of a flow."""
    fields = {
        "step": state.step,
        "server_step": state.server_step,
        "phone_number": state.phone_number,
        "attempts_left": state.attempts_left,
        "ended_by": state.ended_by,
        "question": state.question and present(dataclasses.asdict(state.question)),
        "resend_in": state.resend_in(),
        "expires_in": state.expires_in(),
    }
    return present(fields)


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def described(error: Exception) -> dict[str, Any]:
    """An error, as the protocol has it."""
    if not isinstance(error, DoorstepError):
        return {"code": "defect", "message": "".join(traceback.format_exception(None, error, error.__traceback__))}
    fields = {
        "code": error.code,
        "status": error.status,
        "message": error.message,
        "retry_after": error.retry_after,
        "attempts_left": error.attempts_left,
        "documents": list(error.documents),
        "fields": [present(dataclasses.asdict(field)) for field in error.fields],
    }
    return present(fields)


async def run_async() -> None:
    """Answers each call in a task."""
    driver, loop = Driver(False), asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = loop.create_task(driver.answer(line))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def run_threads() -> None:
    """Answers each call in a thread."""
    driver = Driver(True)
    for line in sys.stdin:
        threading.Thread(target=answer_here, args=(driver, line), daemon=True).start()


def answer_here(driver: Driver, line: str) -> None:
    """Runs a call whose results are there at once: its coroutine never waits."""
    try:
        driver.answer(line).send(None)
    except StopIteration:
        return


if __name__ == "__main__":
    if "--sync" in sys.argv[1:]:
        run_threads()
    else:
        asyncio.run(run_async())
    sys.stdout.flush()
    os._exit(0)
