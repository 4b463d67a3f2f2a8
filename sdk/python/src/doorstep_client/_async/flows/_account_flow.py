"""Steps that several flows have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..._generated import types
from ..._record import PendingAction
from ..._state import FlowState
from ._flow import AsyncFlow


class AsyncCodeFlow(AsyncFlow):
    """A flow with a code."""

    async def resend_code(self) -> FlowState:
        """Sends the same code again."""
        return await self._next("ResendCode", lambda ticket: types.FlowTicket(ticket=ticket))


class AsyncAccountFlow(AsyncCodeFlow):
    """A flow without a session. It can become a sign-up: "this is not my account"."""

    async def start_anew(self, *, accepted: Optional[Sequence[str]] = None) -> FlowState:
        """Continues as a sign-up, with an account of its own for the number. `accepted`: the documents in force."""
        documents = None if accepted is None else list(accepted)
        return await self._next("StartAnew", lambda ticket: types.StartAnew(ticket=ticket, accepted=documents))

    async def set_password(self, password: str) -> FlowState:
        """Sets the password of the new account."""
        return await self._next("SetPassword", lambda ticket: types.SetPassword(ticket=ticket, password=password))

    async def submit_profile(
        self,
        *,
        nickname: str,
        avatar_url: Optional[str] = None,
        gender: Optional[types.Gender] = None,
        birthday: Optional[str] = None,
    ) -> FlowState:
        """Creates the account and signs in. `birthday`: a day, `2000-02-29`.

        Where the service does not require a password, it follows the code directly.
        """

        def body(ticket: str) -> types.SubmitProfile:
            return types.SubmitProfile(
                ticket=ticket, nickname=nickname, avatar_url=avatar_url, gender=gender, birthday=birthday
            )

        return await self._next("SubmitProfile", body, signs_in=True)

    async def _accept(self, pending: PendingAction, answer: Optional[Mapping[str, Any]]) -> None:
        if pending["operation"].endswith("StartAnew"):
            self._record.set(via="register")
        await super()._accept(pending, answer)
