"""The state of one flow: in memory with the monotonic clock, and in the store for a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Optional

from ..._clock import milliseconds
from ..._encoding import random_name
from ..._errors import DoorstepError, ErrorCode
from ..._record import Contents, PendingAction, StoredFlow, StoredQuestion
from ..._state import FlowState, Times, question_now, question_of, step_of
from .._api import AsyncApi
from .._vault import AsyncVault
from ._context import Prepared


class AsyncFlowRecord:
    """The state of one flow. Its data is never changed, only replaced."""

    def __init__(self, api: AsyncApi, vault: AsyncVault, name: str, via: str) -> None:
        self._api = api
        self._vault = vault
        self._name = name
        self._via = via
        self._times = Times()
        self._ended_by: Optional[str] = None
        # The pending action has a password, and is not stored.
        self._in_memory = False
        self.data: StoredFlow = {"step": "start", "via": via}
        self.unanswered = False
        """The pending action was sent, and nobody knows whether the service has done it."""

    def state(self) -> FlowState:
        """The state for the app."""
        data = self.data
        question = data.get("question")
        return FlowState(
            step=step_of(data["step"]),
            server_step=data["step"],
            phone_number=data.get("phone"),
            attempts_left=data.get("attemptsLeft"),
            question=None if question is None else question_now(question, self._api.clock),
            ended_by=self._ended_by,
            _times=self._times,
            _clock=self._api.clock,
        )

    async def load(self, user_id: Optional[str]) -> None:
        """Reads the flow of an earlier start of the app."""
        stored = (await self._vault.read())["flows"].get(self._name)
        if stored is None or stored.get("userId") not in (None, user_id):
            return
        # An action that is pending in memory is newer than the store.
        if "pending" in self.data:
            return
        self.data = stored
        self.unanswered = "pending" in stored
        self._in_memory = False
        self._ended_by = None
        # The clock of the device may have been set since: this is a hint until the service answers.
        since = self._api.clock.monotonic() - self._api.clock.wall()
        self._times = Times(stored.get("expiresAt", 0) / 1000 + since, stored.get("resendAt", 0) / 1000 + since)

    def set(self, **fields: Any) -> None:
        """Changes fields in memory. None removes one."""
        self.data = changed(self.data, **fields)

    async def begin(self, action: Prepared, in_memory: bool) -> None:
        """Stores an action before it is sent."""
        if self.data["step"] in ("done", "ended"):
            self.set(step="start")
        pending: PendingAction = {
            "operation": action.operation,
            "body": action.body,
            "idempotencyKey": random_name(self._api.random),
            "at": milliseconds(self._api.clock.wall()),
        }
        if action.key is not None:
            pending["key"] = action.key
        self.set(pending=pending)
        self.unanswered = False
        self._ended_by = None
        self._in_memory = in_memory
        try:
            await self._save(self.data)
        except BaseException:
            # Nothing was sent.
            self.set(pending=None)
            raise

    async def advance(self, answer: Mapping[str, Any], question: Optional[StoredQuestion] = None) -> None:
        """The service has gone on to the step of the answer."""
        step = answer.get("step") or self.data["step"]
        kind = step_of(step)
        following = changed(self.data, step=step, pending=None)
        for name, field in (("ticket", "ticket"), ("phone", "phone_number"), ("attemptsLeft", "attempts_left")):
            if answer.get(field) is not None:
                following = changed(following, **{name: answer[field]})
        if kind != "prove" or question is not None:
            following = changed(following, question=question)
        if kind != "code":
            following = changed(following, attemptsLeft=None)
        await self._put(following, answer.get("expires_in"), answer.get("resend_in"))

    async def question(self, problem: Mapping[str, Any]) -> None:
        """A right code was not enough, or a code was sent to a new device."""
        step = problem.get("step") or ("prove_account" if problem.get("ticket") is None else "verify_code")
        asked = question_of(problem, self._api.clock.wall()) if step_of(step) == "prove" else None
        await self.advance({**problem, "step": step}, asked)

    async def refuse(self, error: DoorstepError) -> None:
        """Stores what a refused action changes."""
        problem = error.problem or {}
        following = changed(self.data, pending=None)
        if error.code == ErrorCode.WRONG_STEP and problem.get("step"):
            following = changed(following, step=problem["step"])
        if problem.get("attempts_left") is not None:
            following = changed(following, attemptsLeft=problem["attempts_left"])
        wait = problem.get("resend_in", error.retry_after) if error.code == ErrorCode.RESEND_COOLDOWN else None
        await self._put(following, None, wait)

    async def remove(self, step: Literal["start", "done", "ended"], ended_by: Optional[str] = None) -> None:
        """The flow is over, or forgotten."""

        def change(contents: Contents) -> None:
            contents["flows"].pop(self._name, None)

        await self._vault.update(change)
        self.finish(step, ended_by)

    def finish(self, step: Literal["start", "done", "ended"] = "done", ended_by: Optional[str] = None) -> None:
        """The flow is over, and the store knows."""
        data: StoredFlow = {"step": step, "via": self._via}
        self.data = changed(data, phone=self.data.get("phone"))
        self.unanswered = False
        self._ended_by = ended_by
        self._times = Times()

    async def _put(self, following: StoredFlow, expires_in: Optional[float], resend_in: Optional[float]) -> None:
        following, times = self._timed(following, expires_in, resend_in)
        try:
            await self._save(following)
        except BaseException:
            # The action stays pending: its repetition gets the same answer.
            self.unanswered = True
            raise
        self.data, self._times = following, times
        self.unanswered = False

    async def _save(self, data: StoredFlow) -> None:
        stored = changed(data, pending=None) if self._in_memory else data

        def change(contents: Contents) -> None:
            if "ticket" in stored or "pending" in stored:
                contents["flows"][self._name] = stored
            else:
                contents["flows"].pop(self._name, None)

        await self._vault.update(change)

    def _timed(
        self, flow: StoredFlow, expires_in: Optional[float], resend_in: Optional[float]
    ) -> tuple[StoredFlow, Times]:
        """The flow with new times, on both clocks."""
        now, wall, times = self._api.clock.monotonic(), self._api.clock.wall(), self._times
        if expires_in is not None:
            times = replace(times, expires=now + expires_in)
            flow = changed(flow, expiresAt=milliseconds(wall + expires_in))
        if resend_in is not None:
            times = replace(times, resend=now + resend_in)
            flow = changed(flow, resendAt=milliseconds(wall + resend_in))
        return flow, times


def changed(flow: StoredFlow, **fields: Any) -> StoredFlow:
    """A copy with other fields. None removes one."""
    merged: Any = {name: value for name, value in {**flow, **fields}.items() if value is not None}
    copy: StoredFlow = merged
    return copy
