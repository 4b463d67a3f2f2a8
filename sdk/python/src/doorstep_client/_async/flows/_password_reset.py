"""Password reset."""

from __future__ import annotations

from typing import Optional

from ..._generated import operations, types
from ..._models import CaptchaAnswer
from ..._state import FlowState
from ._account_flow import AsyncAccountFlow
from ._context import Action, Context


class AsyncPasswordReset(AsyncAccountFlow):
    """A new password by code. It signs out every device, and signs in none: continue with the sign-in."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.password_reset()`."""
        super().__init__(context, "passwordReset")

    async def send_code(self, *, phone_number: str, captcha: Optional[CaptchaAnswer] = None) -> FlowState:
        """Sends a code. A known device needs no captcha; the error `captcha_required` asks for one."""
        body = types.SendAccountCode(
            phone_number=phone_number,
            captcha_id=captcha.id if captcha else None,
            captcha_answer=captcha.answer if captcha else None,
        )
        return await self._act(Action(operations.PASSWORD_RESET_SEND_CODE, lambda _: body, device=True))

    async def verify_code(self, code: str) -> FlowState:
        """Proves the number, or asks whose account it is (`prove`)."""
        return await self._next(
            "VerifyCode", lambda ticket: types.VerifyOwnerCode(ticket=ticket, code=code), device=True
        )
