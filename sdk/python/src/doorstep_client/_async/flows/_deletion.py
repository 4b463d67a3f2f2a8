"""Deletion of the account."""

from __future__ import annotations

from typing import Any, Optional

from ..._generated import operations, types
from ..._models import CaptchaAnswer
from ..._record import PendingAction
from ..._state import FlowState
from ._account_flow import AsyncAccountFlow
from ._context import Action, Context


class AsyncDeletion(AsyncAccountFlow):
    """Deletion of the account: in the app with a session, or on a page without one.

    A deletion by a code alone is held for some time (`prove`, `question.retry_after`).
    """

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.deletion()`."""
        super().__init__(context, "deletion")

    async def with_password(self, password: str) -> FlowState:
        """Deletes the account of this session at once."""
        return await self._act(Action(operations.DELETION_CONFIRM, lambda _: types.DeleteMe(password=password)))

    async def send_code(
        self, *, phone_number: Optional[str] = None, captcha: Optional[CaptchaAnswer] = None
    ) -> FlowState:
        """Sends a code: to the number of the session, or to a number with a captcha."""
        if phone_number is None and captcha is None:
            own = types.SendOwnCode()
            return await self._act(Action(operations.DELETION_SEND_CODE, lambda _: own))
        if phone_number is None or captcha is None:
            raise TypeError("a number needs a captcha, and a captcha needs a number")
        body = types.SendCode(phone_number=phone_number, captcha_id=captcha.id, captcha_answer=captcha.answer)
        return await self._act(Action(operations.ACCOUNT_DELETION_SEND_CODE, lambda _: body))

    async def verify_code(self, code: str) -> FlowState:
        """Deletes the account, or holds the deletion."""
        if self._record.data["via"] == "deletion":
            confirm = self._with_ticket(lambda ticket: types.DeleteMe(ticket=ticket, code=code))
            return await self._act(Action(operations.DELETION_CONFIRM, confirm))
        verify = self._with_ticket(lambda ticket: types.VerifyOwnerCode(ticket=ticket, code=code))
        return await self._act(Action(operations.ACCOUNT_DELETION_VERIFY_CODE, verify, device=True))

    async def _send(self, pending: PendingAction, unanswered: bool) -> Any:
        if pending["operation"] != operations.DELETION_CONFIRM.id:
            return await super()._send(pending, unanswered)
        body: Any = pending["body"]
        await self._context.session.delete(body, unanswered)
