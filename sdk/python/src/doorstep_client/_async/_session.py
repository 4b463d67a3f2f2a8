"""The session of this device."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Optional, TypeVar

from .._errors import DoorstepError, ErrorCode, has_code
from .._generated import operations, types
from .._keys import DeviceKey, KeyStore
from .._listeners import Remove
from .._models import User, read_model
from .._operation import Operation
from .._record import SignedOutReason, SignIn
from .._runtime_async import Flight, Scope
from ._api import AsyncApi, Options
from ._refresher import AsyncRefresher
from ._session_memory import AsyncSessionMemory, SessionState
from ._vault import AsyncVault

Body = TypeVar("Body")
Answer = TypeVar("Answer")
Result = TypeVar("Result")

# Seconds that an access token must still be valid for an operation that renews the session, retries included.
CHANGE_TTL = 120


class AsyncSession:
    """The session of this device: gives access tokens, and refreshes them when needed."""

    def __init__(self, api: AsyncApi, vault: AsyncVault, keys: Optional[KeyStore], scope: Scope) -> None:
        """Apps take it from `doorstep.session`."""
        self._api = api
        self._vault = vault
        self._scope = scope
        self._memory = AsyncSessionMemory(api, vault, keys, scope)
        self._refresher = AsyncRefresher(api, vault, self._memory, scope)
        self._mutex = threading.Lock()
        self._restoring: Optional[Flight[None]] = None

    @property
    def state(self) -> SessionState:
        """The state as the client knows it, without a look into the store."""
        return self._memory.state

    @property
    def user(self) -> Optional[User]:
        """The account as the service described it last."""
        stored = self._memory.stored
        return None if stored is None else read_model(User, stored["user"])

    @property
    def bound(self) -> bool:
        """A copy of the refresh token is worth nothing (DPoP)."""
        stored = self._memory.stored
        return stored is not None and stored["bound"]

    def on_signed_out(self, listener: Callable[[SignedOutReason], object]) -> Remove:
        """Tells the app that the session has ended. Returns the function that removes the listener."""
        return self._memory.signed_out.add(listener)

    def on_change(self, listener: Callable[[SessionState], object]) -> Remove:
        """Calls the listener when `state` changes, and when another user has signed in, perhaps in another process."""
        return self._memory.changed.add(listener)

    async def restore(self) -> SessionState:
        """Reads the store. Needs no network. Every other call does this by itself."""
        if self.state == "restoring":
            with self._mutex:
                restoring = self._restoring
                if restoring is None or restoring.done:
                    restoring = self._restoring = Flight(self._scope, self._memory.load)
            await restoring.join()
        return self.state

    async def access_token(self, min_ttl: float = 30) -> str:
        """An access token that is valid for at least this number of seconds, for the calls to your own back end."""
        await self.restore()
        return self._memory.token(min_ttl) or await self._refresher.refresh()

    async def sign_out(self, *, everywhere: bool = False, forget_device: bool = False) -> None:
        """Signs this device out, also without a network.

        With `everywhere`, signs all devices out: this needs the service, and the device stays signed in if it does not
        answer. With `forget_device`, the device is not known any more.
        """
        await self._scope.run(lambda: self._sign_out(everywhere, forget_device))

    async def call(self, operation: Operation[Body, Answer], body: Body, options: Optional[Options] = None) -> Answer:
        """Sends an operation of the API with an access token, to its end. For the parts of the client."""
        answer: Answer = await self._scope.run(lambda: self._call(operation, body, options or Options()))
        return answer

    async def own(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs work that goes on without its caller. For the parts of the client."""
        return await self._scope.run(work)

    async def key(self, name: Optional[str]) -> Optional[DeviceKey]:
        """A key by its name. For the parts of the client."""
        return await self._memory.key(name)

    async def begin(self, answer: types.SignedIn, sign_in: SignIn) -> None:
        """Stores a sign-in. Flows call it."""
        await self._memory.begin(answer, sign_in)

    async def set_user(self, user: types.User, flow: Optional[str] = None) -> User:
        """Stores what the service says about the account. Flows call it."""
        await self._memory.set_user(user, flow)
        return read_model(User, user)

    async def change_password(self, body: types.ChangePassword, options: Options, flow: Optional[str] = None) -> None:
        """Changes the password and stores the new tokens. Nothing refreshes meanwhile. Flows call it."""
        await self.restore()
        user = self._memory.user_id
        try:
            await self._change_password(user, body, options, flow)
        except DoorstepError as error:
            if not has_code(error, ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID):
                raise
            self._memory.forget_token()
            await self._change_password(user, body, options, flow)

    async def delete(self, body: types.DeleteMe, unanswered: bool = False) -> None:
        """Deletes the account. Flows call it."""
        refresher = self._refresher

        def deleted() -> None:
            refresher.ending_as = "account_deleted"

        # After a lost answer, the end of the session is the success of the deletion.
        if unanswered:
            deleted()
        try:
            await self._call(operations.DELETION_CONFIRM, body, Options(unanswered=unanswered, on_lost=deleted))
        except DoorstepError as error:
            if refresher.ending_as is None or error.code != ErrorCode.SIGNED_OUT:
                raise
        finally:
            refresher.ending_as = None
        await self._memory.end("account_deleted", forget_device=True)

    async def _call(self, operation: Operation[Any, Any], body: Any, options: Options) -> Any:
        if operation.idempotency_key and options.idempotency_key is None:
            options = replace(options, idempotency_key=self._api.new_name())
        before = self._memory.user_id
        token = await self.access_token()
        user = before or self._memory.user_id
        try:
            return await self._send(user, token, operation, body, options)
        except DoorstepError as error:
            if not has_code(error, ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID, ErrorCode.TOKEN_MISSING):
                raise
        # Another call may have refreshed meanwhile.
        now = self._memory.token(0)
        renewed = now if now is not None and now != token else await self._refresher.refresh()
        return await self._send(user, renewed, operation, body, options)

    async def _send(
        self, user: Optional[str], token: str, operation: Operation[Any, Any], body: Any, options: Options
    ) -> Any:
        self._check_user(user)
        return await self._api.send(operation, body, replace(options, access_token=token))

    async def _change_password(
        self, user: Optional[str], body: types.ChangePassword, options: Options, flow: Optional[str]
    ) -> None:
        token = await self.access_token(CHANGE_TTL)
        self._check_user(user)

        async def change() -> None:
            session = (await self._vault.read()).get("session")
            operation = operations.ME_CHANGE_PASSWORD
            tokens = await self._api.send(operation, body, replace(options, access_token=token))
            if session is not None:
                await self._memory.renew(session, tokens, flow)

        await self._vault.exclusive("refresh", change)

    async def _sign_out(self, everywhere: bool, forget_device: bool) -> None:
        if await self.restore() == "signed_out":
            return
        body = types.LogOut(everywhere=everywhere or None, forget_device=forget_device or None)
        self._refresher.ending_as = "signed_out"
        try:
            await self._call(operations.SESSIONS_LOG_OUT, body, Options())
        except DoorstepError as error:
            if error.code == ErrorCode.USER_CHANGED:
                return
            if everywhere and not has_code(error, ErrorCode.TOKEN_INVALID, ErrorCode.SIGNED_OUT):
                raise
        finally:
            self._refresher.ending_as = None
        await self._memory.end("signed_out", forget_device=forget_device or everywhere)

    def _check_user(self, user: Optional[str]) -> None:
        """Stops a call that one user began, if another has signed in meanwhile in another process."""
        if self._memory.user_id != user:
            raise self._api.error(ErrorCode.USER_CHANGED, "another user has signed in on this device")
