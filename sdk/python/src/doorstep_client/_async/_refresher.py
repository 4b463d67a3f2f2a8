"""Refreshes the access token: one at a time in this process, and among processes if the store has a lock."""

from __future__ import annotations

import threading
from math import ceil
from typing import Optional

from .._errors import DoorstepError, ErrorCode, has_code
from .._generated import operations, types
from .._record import SignedOutReason, StoredSession
from .._runtime_async import Flight, Scope
from ._api import AsyncApi, Options
from ._session_memory import AsyncSessionMemory
from ._vault import AsyncVault

# Number of times that a refresh starts again because another process was faster.
ROUNDS = 5


class AsyncRefresher:
    """The refresh of one session."""

    def __init__(self, api: AsyncApi, vault: AsyncVault, memory: AsyncSessionMemory, scope: Scope) -> None:
        self._api = api
        self._vault = vault
        self._memory = memory
        self._scope = scope
        self._mutex = threading.Lock()
        self._running: Optional[Flight[str]] = None
        self._busy: Optional[tuple[DoorstepError, float]] = None
        self.ending_as: Optional[SignedOutReason] = None
        """The user is ending the session, for this reason: its end is no surprise."""

    async def refresh(self) -> str:
        """Refreshes once for all callers. Returns the access token."""
        with self._mutex:
            running = self._running
            if running is None or running.done:
                running = self._running = Flight(self._scope, self._refresh_alone)
        return await running.join()

    async def _refresh_alone(self) -> str:
        stored = self._memory.stored
        # A bound session does not rotate: its refreshes may overlap.
        if stored is not None and stored["bound"]:
            return await self._refresh_stored()
        return await self._vault.exclusive("refresh", self._refresh_stored)

    async def _refresh_stored(self) -> str:
        self._raise_if_busy()
        for is_last in (*[False] * (ROUNDS - 1), True):
            # The store is read anew: another process may have refreshed.
            session = (await self._vault.read()).get("session")
            if session is None:
                await self._memory.end("signed_out")
                raise self._signed_out()
            token = await self._refresh_once(session, is_last)
            if token is not None:
                return token
        raise self._signed_out()

    async def _refresh_once(self, session: StoredSession, is_last: bool) -> Optional[str]:
        """The access token, None if another process was faster."""
        key = await self._memory.find_key(session) if session["bound"] else None
        if session["bound"] and key is None:
            raise self._memory.lose_key(session)
        try:
            body = types.RefreshTokens(refresh_token=session["refreshToken"])
            tokens = await self._api.send(operations.TOKENS_REFRESH, body, Options(key=key))
        except DoorstepError as error:
            if not has_code(error, ErrorCode.REFRESH_INVALID, ErrorCode.REFRESH_REUSED):
                self._remember_busy(error)
                raise
            await self._refused(session, error, is_last)
            return None
        # The token is stored before anybody uses the access token: a crash in between loses nothing.
        return await self._memory.renew(session, tokens)

    def _raise_if_busy(self) -> None:
        """The service has said when another attempt makes sense: no caller asks earlier."""
        if self._busy is None:
            return
        error, until = self._busy
        left = ceil(until - self._api.clock.monotonic())
        if left > 0:
            details = {"status": error.status, "problem": error.problem, "retry_after": left}
            raise self._api.error(error.code, error.message, **details)

    def _remember_busy(self, error: DoorstepError) -> None:
        if error.retry_after is not None:
            self._busy = (error, self._api.clock.monotonic() + error.retry_after)

    async def _refused(self, session: StoredSession, error: DoorstepError, is_last: bool) -> None:
        """Ends the session, unless the store has another token than the refused one: another process was faster."""
        reason = error.code if error.code == ErrorCode.REFRESH_REUSED else "session_ended"
        self._memory.stored = session
        await self._memory.end(self.ending_as or reason, token=session["refreshToken"])
        if self._memory.stored is None or is_last:
            raise self._signed_out(error) from error

    def _signed_out(self, cause: Optional[DoorstepError] = None) -> DoorstepError:
        status = cause.status if cause else 0
        return self._api.error(ErrorCode.SIGNED_OUT, "no session on this device: sign in", status=status)
