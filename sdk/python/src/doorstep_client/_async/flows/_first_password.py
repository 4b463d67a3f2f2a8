"""First password."""

from __future__ import annotations

from typing import Any

from ..._generated import operations, types
from ..._record import PendingAction
from ..._state import FlowState
from .._api import Options
from ._account_flow import AsyncCodeFlow
from ._context import Action, Context


class AsyncFirstPassword(AsyncCodeFlow):
    """A password for an account that has none, by a code to its own number."""

    def __init__(self, context: Context) -> None:
        """Apps take it from `doorstep.first_password()`."""
        super().__init__(context, "firstPassword")

    async def send_code(self) -> FlowState:
        """Sends a code to the number of the account."""
        body = types.SendOwnCode()
        return await self._act(Action(operations.FIRST_PASSWORD_SEND_CODE, lambda _: body))

    async def set_password(self, *, code: str, password: str) -> FlowState:
        """Sets the password, and signs out every other device."""

        def body(ticket: str) -> types.ChangePassword:
            return types.ChangePassword(ticket=ticket, code=code, new_password=password)

        return await self._act(Action(operations.ME_CHANGE_PASSWORD, self._with_ticket(body)))

    async def _send(self, pending: PendingAction, unanswered: bool) -> Any:
        if pending["operation"] != operations.ME_CHANGE_PASSWORD.id:
            return await super()._send(pending, unanswered)
        options = Options(idempotency_key=pending["idempotencyKey"], unanswered=unanswered)
        body: Any = pending["body"]
        await self._context.session.change_password(body, options, self._name)
