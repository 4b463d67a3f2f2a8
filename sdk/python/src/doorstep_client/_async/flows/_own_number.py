"""Flows of a signed-in user around their number."""

from __future__ import annotations

from typing import Optional

from ..._generated import operations, types
from ..._state import FlowState
from ._account_flow import AsyncCodeFlow
from ._context import Action, Context


class AsyncPhoneChange(AsyncCodeFlow):
    """Another number for the account."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.phone_change()`."""
        super().__init__(context, "phoneChange")

    async def send_code(self, *, phone_number: str, current_password: Optional[str] = None) -> FlowState:
        """Sends a code to the new number. An account with a password needs it."""
        body = types.ChangePhone(phone_number=phone_number, current_password=current_password)
        return await self._act(Action(operations.PHONE_CHANGE_SEND_CODE, lambda _: body))

    async def verify_code(self, code: str) -> FlowState:
        """Changes the number, or holds the change (`prove`): repeat the flow after `question.retry_after`."""
        return await self._next("VerifyCode", lambda ticket: types.VerifyCode(ticket=ticket, code=code))


class AsyncPhoneConfirmation(AsyncCodeFlow):
    """The question whether the number is still that of the user."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.phone_confirmation()`."""
        super().__init__(context, "phoneConfirmation")

    async def send_code(self) -> FlowState:
        """Sends a code to the number of the account."""
        body = types.SendOwnCode()
        return await self._act(Action(operations.PHONE_CONFIRMATION_SEND_CODE, lambda _: body))

    async def verify_code(self, code: str) -> FlowState:
        """Confirms the number."""
        return await self._next("VerifyCode", lambda ticket: types.VerifyCode(ticket=ticket, code=code))
