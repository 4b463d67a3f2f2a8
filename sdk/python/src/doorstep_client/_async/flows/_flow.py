"""One flow of the user: each method is a step."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, Optional

from ..._clock import milliseconds
from ..._encoding import to_json
from ..._errors import DoorstepError, ErrorCode
from ..._fair_lock import FairLock
from ..._generated import types
from ..._generated.operations import OPERATIONS
from ..._listeners import Listeners, Remove
from ..._operation import Operation
from ..._record import PendingAction, SignIn, StoredFlow
from ..._runtime_async import Flight, held
from ..._state import FlowState, ends_flow, is_step, present
from .._api import Options
from ._action import AsyncActionMaker
from ._context import Action, Context
from ._flow_record import AsyncFlowRecord

# Fields that say what the user wanted: a retry that differs in other fields only asks for the same.
SUBJECT = ("phone_number", "former_phone_number", "code", "password", "new_password", "current_password")
SECRETS = ("password", "new_password", "current_password")
# A first code is not sent again by itself after this time, in milliseconds.
STALE = 600_000


class AsyncFlow:
    """One flow of the user: `state` says what comes next, `resume` continues after a restart."""

    def __init__(self, context: Context, name: str, via: Optional[str] = None) -> None:
        """Apps take it from the client: `doorstep.sign_up()`."""
        self._context = context
        self._name = name
        self._record = AsyncFlowRecord(context.api, context.vault, name, via or name)
        self._actions = AsyncActionMaker(context, self._record)
        self._changed: Listeners[FlowState] = Listeners()
        self._order = FairLock()
        self._mutex = threading.Lock()
        self._active: Optional[tuple[Optional[str], Flight[FlowState]]] = None

    @property
    def state(self) -> FlowState:
        """The state of the flow now."""
        return self._record.state()

    def on_change(self, listener: Callable[[FlowState], object]) -> Remove:
        """Calls the listener after each change of `state`. Returns the function that removes the listener."""
        return self._changed.add(listener)

    async def resume(self) -> FlowState:
        """Continues the flow that was open when the process ended.

        Repeats the action that was not answered, and asks the service for the step. Without an open flow the step is
        `start`.
        """
        return await self._context.scope.run(lambda: self._in_order(self._resume))

    async def cancel(self) -> FlowState:
        """Forgets the flow on this device."""
        return await self._context.scope.run(lambda: self._in_order(lambda: self._finish("start")))

    async def _act(self, action: Action) -> FlowState:
        """Does the action once, whatever happens to requests and answers."""
        name = self._name_of(action)

        async def work() -> None:
            pending = self._record.data.get("pending")
            if pending is not None and await self._complete_earlier(pending, action):
                return
            await self._start(action)
            await self._complete()

        with self._mutex:
            # A button that is pressed twice is one action.
            if self._active is None or self._active[0] != name or self._active[1].done:
                self._active = (name, Flight(self._context.scope, lambda: self._in_order(work)))
            flight = self._active[1]
        return await flight.join()

    async def _next(
        self, verb: str, body: Callable[[str], Mapping[str, Any]], *, signs_in: bool = False, device: bool = False
    ) -> FlowState:
        """Does the next action of the flow: the ticket says which flow, `via` which operation."""
        # A sign-up knows no devices, also if it began as another flow.
        device = device and self._record.data["via"] != "register"
        return await self._act(Action(self._operation(verb), self._with_ticket(body), signs_in, device))

    def _with_ticket(self, body: Callable[[str], Mapping[str, Any]]) -> Callable[[StoredFlow], Mapping[str, Any]]:
        """The body with the ticket of the flow. It raises where no code was requested."""

        def filled(flow: StoredFlow) -> Mapping[str, Any]:
            if "ticket" not in flow:
                raise self._context.api.error(ErrorCode.WRONG_STEP, "request a code first")
            return body(flow["ticket"])

        return filled

    def _operation(self, verb: str) -> Operation[Any, Any]:
        """The operation of this flow with this verb."""
        operation = OPERATIONS.get(f"{self._record.data['via']}{verb}")
        if operation is None:
            raise self._context.api.error(ErrorCode.WRONG_STEP, f"the flow has no {verb} now")
        return operation

    async def _send(self, pending: PendingAction, unanswered: bool) -> Any:
        """Sends the action."""
        operation = OPERATIONS[pending["operation"]]
        idempotency_key = pending["idempotencyKey"] if operation.idempotency_key else None
        options = Options(idempotency_key=idempotency_key, unanswered=unanswered, on_lost=self._lost)
        if operation.bearer:
            return await self._context.session.call(operation, pending["body"], options)
        key = await self._context.session.key(pending.get("key"))
        return await self._context.api.send(operation, pending["body"], replace(options, key=key))

    def _lost(self) -> None:
        self._record.unanswered = True

    async def _accept(self, pending: PendingAction, answer: Optional[Mapping[str, Any]]) -> None:
        """Stores what the answer says. Flows with other answers add to this."""
        fields: Any = answer or {}
        if fields.get("access_token") and fields.get("user"):
            await self._context.session.begin(fields, SignIn(self._name, pending.get("key")))
            self._record.finish()
        elif fields.get("nickname"):
            await self._context.session.set_user(fields, self._name)
            self._record.finish()
        elif fields.get("step"):
            if fields.get("ticket"):
                self._record.set(via=flow_of(pending["operation"]))
            await self._record.advance(fields)
        else:
            await self._record.remove("done")

    def _name_of(self, action: Action) -> Optional[str]:
        """A name that is the same for the same action, None where the action is not possible."""
        try:
            return f"{action.operation.id} {to_json(action.body(self._record.data))}"
        except DoorstepError:
            return None

    async def _in_order(self, task: Callable[[], Awaitable[None]]) -> FlowState:
        """Runs the task after those before it, and tells the listeners what it has changed."""
        async with held(self._order, None):
            before = self._record.data
            try:
                await task()
            finally:
                if self._record.data != before:
                    state = self.state
                    self._context.scope.tell(lambda: self._changed.tell(state))
            return self.state

    async def _complete_earlier(self, pending: PendingAction, following: Action) -> bool:
        """Tells whether the action before was the same or the last of the flow, and has succeeded now."""
        same = False
        if following.operation.id == pending["operation"]:
            body = following.body(self._record.data)
            same = all(pending["body"].get(name) == body.get(name) for name in SUBJECT)
        # The user has corrected the number: nobody waits for a code to the other one.
        if not same and pending["body"].get("ticket") is None:
            return False
        try:
            await self._complete()
        except DoorstepError as error:
            if error.unanswered:
                raise
            return False
        return same or self.state.step == "done"

    async def _start(self, action: Action) -> None:
        """Stores the action before it is sent. A password stays in memory."""
        session = self._context.session
        await session.restore()
        if action.operation.bearer and session.user is not None:
            self._record.set(userId=session.user.id)
        prepared = await self._actions.prepare(action)
        await self._record.begin(prepared, any(name in prepared.body for name in SECRETS))

    async def _complete(self) -> None:
        """Sends the pending action until it is answered, and stores the answer."""
        pending = self._record.data.get("pending")
        if pending is None:
            return
        try:
            answer = await self._send(pending, self._record.unanswered)
        except DoorstepError as error:
            return await self._refused(pending, error, self._record.unanswered)
        except Exception:
            raise
        except BaseException:
            # Interrupted: the service may have done it.
            self._record.unanswered = True
            raise
        # Until the answer is stored, the action is repeated: the repetition gets the same answer.
        self._record.unanswered = True
        await self._accept(pending, answer)

    async def _refused(self, pending: PendingAction, error: DoorstepError, repeated: bool) -> None:
        """Stores what a refusal says. Raises the error, unless it is the next step of the flow."""
        if error.unanswered:
            raise error
        problem = error.problem
        if problem is not None and is_step(problem):
            if present(problem, "ticket"):
                self._record.set(via=flow_of(pending["operation"]))
            return await self._record.question(problem)
        if ends_flow(error.code, self._record.data):
            await self._finish("ended", error.code)
        else:
            await self._record.refuse(error)
        # The first request was done, and its answer was lost: the service has gone on to this step.
        if not (repeated and error.code == ErrorCode.WRONG_STEP and problem and problem.get("step")):
            raise error

    async def _resume(self) -> None:
        session = self._context.session
        await session.restore()
        await self._record.load(None if session.user is None else session.user.id)
        pending, ticket = self._record.data.get("pending"), self._record.data.get("ticket")
        if pending is not None:
            await self._resume_action(pending)
        elif ticket is not None:
            await self._ask_status(ticket)

    async def _resume_action(self, pending: PendingAction) -> None:
        now = milliseconds(self._context.api.clock.wall())
        if "ticket" not in self._record.data and abs(now - pending["at"]) > STALE:
            return await self._finish("start")
        try:
            await self._complete()
        except DoorstepError as error:
            # The state says what the answer was; only a missing answer is an error of `resume`.
            if error.unanswered:
                raise
            ticket = self._record.data.get("ticket")
            if ticket is not None:
                await self._ask_status(ticket)

    async def _ask_status(self, ticket: str) -> None:
        operation = OPERATIONS.get(f"{self._record.data['via']}Status")
        if operation is None:
            return
        body = types.FlowTicket(ticket=ticket)
        send = self._context.session.call if operation.bearer else self._context.api.send
        try:
            answer = await send(operation, body)
        except DoorstepError as error:
            if ends_flow(error.code, self._record.data):
                return await self._finish("ended", error.code)
            # An older service has no status for this flow: the stored step stands.
            if error.status not in (404, 405):
                raise
            return
        if present(answer, "reason"):
            await self._record.question({**answer, "code": answer["reason"]})
        else:
            await self._record.advance(answer)

    async def _finish(self, step: Literal["start", "ended"], ended_by: Optional[str] = None) -> None:
        """Forgets the flow, and the key that it made."""
        key = self._record.data.get("key")
        await self._record.remove(step, ended_by)
        await self._actions.clean_key(key)


def flow_of(operation: str) -> str:
    """The operations that go on with the ticket of this one."""
    return re.sub(r"(SendCode|ResendCode|WithPassword)$", "", operation)
