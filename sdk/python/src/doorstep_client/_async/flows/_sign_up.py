"""Sign-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ..._generated import operations, types
from ..._models import CaptchaAnswer
from ..._state import FlowState
from ._account_flow import AsyncAccountFlow
from ._context import Action, Context


class AsyncSignUp(AsyncAccountFlow):
    """Sign-up: code, password, profile. The user is signed in after it."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.sign_up()`."""
        super().__init__(context, "signUp", "register")

    async def send_code(
        self, *, phone_number: str, captcha: CaptchaAnswer, accepted: Optional[Sequence[str]] = None
    ) -> FlowState:
        """Sends a code. `accepted`: the documents that the user has accepted.

        The error `consent_required` lists those in force, and leaves the captcha unused.
        """
        body = types.SendSignUpCode(
            phone_number=phone_number,
            captcha_id=captcha.id,
            captcha_answer=captcha.answer,
            accepted=None if accepted is None else list(accepted),
        )
        return await self._act(Action(operations.REGISTER_SEND_CODE, lambda _: body))

    async def verify_code(self, code: str) -> FlowState:
        """Proves the number."""
        return await self._next("VerifyCode", lambda ticket: types.VerifyCode(ticket=ticket, code=code))
