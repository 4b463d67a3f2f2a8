"""Sign-in."""

from __future__ import annotations

from typing import Optional

from ..._generated import operations, types
from ..._models import CaptchaAnswer
from ..._state import FlowState
from ._account_flow import AsyncAccountFlow
from ._context import Action, Context


class AsyncSignIn(AsyncAccountFlow):
    """Sign-in with the password, or with a code."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.sign_in()`."""
        super().__init__(context, "signIn", "login")

    async def with_password(
        self, *, phone_number: str, password: str, captcha: Optional[CaptchaAnswer] = None
    ) -> FlowState:
        """Signs in with the password.

        The step is `done`, or `code` if the service wants a code from a new device. After the error
        `captcha_required`, call it again with a captcha.
        """
        body = types.LogIn(
            phone_number=phone_number,
            password=password,
            captcha_id=captcha.id if captcha else None,
            captcha_answer=captcha.answer if captcha else None,
        )
        return await self._act(Action(operations.LOGIN_WITH_PASSWORD, lambda _: body, signs_in=True, device=True))

    async def send_code(self, *, phone_number: str, captcha: Optional[CaptchaAnswer] = None) -> FlowState:
        """Sends a code. A known device needs no captcha; the error `captcha_required` asks for one."""
        body = types.SendAccountCode(
            phone_number=phone_number,
            captcha_id=captcha.id if captcha else None,
            captcha_answer=captcha.answer if captcha else None,
        )
        return await self._act(Action(operations.LOGIN_SEND_CODE, lambda _: body, device=True))

    async def verify_code(self, code: str) -> FlowState:
        """Signs in, or asks whose account it is (`prove`). The same code is enough again after an approval."""

        def body(ticket: str) -> types.VerifyLogin:
            return types.VerifyLogin(ticket=ticket, code=code)

        return await self._next("VerifyCode", body, signs_in=True, device=True)

    async def claim(self, *, password: Optional[str] = None) -> FlowState:
        """Proves "this is my account" with the password, or with this device if the account knows it."""

        def body(ticket: str) -> types.ClaimAccount:
            return types.ClaimAccount(ticket=ticket, password=password)

        return await self._next("Claim", body, signs_in=True, device=password is None)
