"""Reclaim."""

from __future__ import annotations

from typing import Optional

from ..._generated import operations, types
from ..._models import CaptchaAnswer
from ..._state import FlowState
from ._account_flow import AsyncCodeFlow
from ._context import Action, Context


class AsyncReclaim(AsyncCodeFlow):
    """The flow "my number has changed": an account that lost its number gets a new one, and is signed in."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.reclaim()`."""
        super().__init__(context, "reclaim")

    async def send_code(
        self,
        *,
        former_phone_number: str,
        phone_number: str,
        captcha: CaptchaAnswer,
        password: Optional[str] = None,
    ) -> FlowState:
        """Sends a code to the new number. Without a password, this device must be known to the account."""
        body = types.Reclaim(
            former_phone_number=former_phone_number,
            phone_number=phone_number,
            password=password,
            captcha_id=captcha.id,
            captcha_answer=captcha.answer,
        )
        return await self._act(Action(operations.RECLAIM_SEND_CODE, lambda _: body, device=password is None))

    async def verify_code(self, code: str) -> FlowState:
        """Proves the new number, and signs in."""

        def body(ticket: str) -> types.VerifyLogin:
            return types.VerifyLogin(ticket=ticket, code=code)

        return await self._next("VerifyCode", body, signs_in=True, device=True)
