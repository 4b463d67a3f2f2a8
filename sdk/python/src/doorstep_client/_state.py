"""States of flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Literal, Optional, Union

from ._clock import Clock, milliseconds
from ._record import StoredFlow, StoredQuestion

Step = Literal["start", "code", "prove", "password", "profile", "done", "ended", "unknown"]
"""Next act of the user.

`code`: enter the code. `prove`: answer `question`. `password`, `profile`: fill in the form. `ended`: start again,
`ended_by` says why. `unknown`: the service has a step that this version does not know; ask the user to update the app,
or offer another way to sign in.
"""

QuestionReason = Union[Literal["dormant", "held", "refused"], str]
"""`dormant`: the account was not used for a long time. `held`: possible after `retry_after`, or when a signed-in device
approves. `refused`: its owner has refused. Or a reason of a newer service.
"""


@dataclass(frozen=True)
class Question:
    """The question of the step `prove`: a right code was not enough. Whose account is it?"""

    reason: QuestionReason
    start_anew: bool
    """ "This is not my account" is possible: `start_anew()`."""
    act: Optional[str] = None
    """The act that waits: `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`."""
    retry_after: Optional[int] = None
    """Seconds until the same act is possible with a new code. Remind the user then."""


@dataclass(frozen=True)
class Times:
    """Times on the monotonic clock."""

    expires: float = 0
    resend: float = 0


@dataclass(frozen=True)
class FlowState:
    """State of a flow."""

    step: Step
    server_step: str
    """The step as the service names it."""
    phone_number: Optional[str] = None
    """The number of the code, masked."""
    attempts_left: Optional[int] = None
    question: Optional[Question] = None
    ended_by: Optional[str] = None
    """The code of the error that ended the flow."""
    _times: Times = field(default=Times(), repr=False, compare=False)
    _clock: Optional[Clock] = field(default=None, repr=False, compare=False)

    def resend_in(self) -> int:
        """Seconds until `resend_code()` is possible, now."""
        return self._left(self._times.resend)

    def expires_in(self) -> int:
        """Seconds until the flow ends, now."""
        return self._left(self._times.expires)

    def _left(self, time: float) -> int:
        return 0 if self._clock is None else max(0, ceil(time - self._clock.monotonic()))


STEPS: dict[str, Step] = {
    "start": "start",
    "done": "done",
    "ended": "ended",
    "verify_code": "code",
    "prove_account": "prove",
    "set_password": "password",
    "submit_profile": "profile",
}
REASONS = {"account_dormant": "dormant", "act_held": "held", "act_refused": "refused"}
# Codes that end a flow.
ENDS = ("ticket_expired", "code_exhausted", "phone_already_registered")
# Codes that end a flow of a signed-in user.
SESSION_ENDS = ("signed_out", "user_changed")


def step_of(server_step: str) -> Step:
    """The step of this client for one of the service."""
    return STEPS.get(server_step, "unknown")


def is_step(problem: Mapping[str, Any]) -> bool:
    """Tells whether an error is a step of the flow, and not a failure of the call."""
    if problem["code"] == "wrong_step":
        return False
    return present(problem, "ticket") or present(problem, "step") or problem["code"] in REASONS


def present(fields: Mapping[str, Any], name: str) -> bool:
    """Tells whether a field is there and not null."""
    return fields.get(name) is not None


def ends_flow(code: str, flow: StoredFlow) -> bool:
    """Tells whether an error ends the flow."""
    return code in SESSION_ENDS or (code in ENDS and "ticket" in flow)


def question_of(problem: Mapping[str, Any], now: float) -> StoredQuestion:
    """The question of a problem or a status, as the record has it. `now`: seconds since 1970."""
    code, act, retry_after = problem["code"], problem.get("act"), problem.get("retry_after")
    start_anew = problem.get("start_anew")
    question: StoredQuestion = {
        "reason": REASONS.get(code, code),
        "startAnew": code == "account_dormant" if start_anew is None else start_anew,
    }
    if act is not None:
        question["act"] = act
    if retry_after is not None:
        question["readyAt"] = milliseconds(now + retry_after)
    return question


def question_now(question: StoredQuestion, clock: Clock) -> Question:
    """The question with the seconds that are left now."""
    ready_at = question.get("readyAt")
    retry_after = None if ready_at is None else max(0, ceil(ready_at / 1000 - clock.wall()))
    return Question(question["reason"], question["startAnew"], question.get("act"), retry_after)
