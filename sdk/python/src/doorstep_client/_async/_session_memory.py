"""The session in memory and in the store, and the listeners of its changes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

from .._encoding import random_name
from .._errors import DoorstepError, ErrorCode
from .._generated import types
from .._keys import DeviceKey, KeyStore
from .._listeners import Listeners
from .._record import (
    Contents,
    Ending,
    SignedOutReason,
    SignIn,
    StoredSession,
    clean_keys,
    end_session,
    key_names,
    put_session,
)
from .._runtime_async import Scope, in_thread
from ._api import AsyncApi
from ._vault import AsyncVault

SessionState = Literal["restoring", "signed_out", "signed_in", "key_lost"]
"""`restoring`: the store is not read yet. `key_lost`: signed in, but the key is gone; sign in again."""


@dataclass(frozen=True)
class Access:
    """An access token, in memory only. It expires at the earlier of two times."""

    session: str
    token: str = field(repr=False)
    expires: float
    """On the monotonic clock, which may stop while the device sleeps."""
    expires_wall: float
    """On the clock of the device, which its user may set."""


class AsyncSessionMemory:
    """The session in memory, and its changes in the store."""

    def __init__(self, api: AsyncApi, vault: AsyncVault, keys: Optional[KeyStore], scope: Scope) -> None:
        self._api = api
        self._vault = vault
        self._keys = keys
        self._scope = scope
        # Short and without waiting: threads see the session and its token together.
        self._mutex = threading.RLock()
        self._access: Optional[Access] = None
        self.state: SessionState = "restoring"
        self.stored: Optional[StoredSession] = None
        self.signed_out: Listeners[SignedOutReason] = Listeners()
        self.changed: Listeners[SessionState] = Listeners()

    @property
    def user_id(self) -> Optional[str]:
        """The user of the session."""
        stored = self.stored
        return None if stored is None else stored["user"]["id"]

    async def load(self) -> None:
        """Reads the store."""
        session = (await self._vault.read()).get("session")
        if self.state != "restoring":
            return
        if session is None:
            self._clear()
        elif session["bound"] and await self.find_key(session) is None:
            self.lose_key(session)
        else:
            self.adopt(session)

    def token(self, min_ttl: float) -> Optional[str]:
        """The access token, if it is valid for this time."""
        with self._mutex:
            access, stored = self._access, self.stored
        if access is None or stored is None or access.session != stored["id"]:
            return None
        clock = self._api.clock
        left = min(access.expires - clock.monotonic(), access.expires_wall - clock.wall())
        return access.token if left >= min_ttl else None

    def forget_token(self) -> None:
        """The next call refreshes."""
        self._access = None

    async def begin(self, answer: types.SignedIn, sign_in: SignIn) -> None:
        """Stores the tokens of a sign-in, its device token and the end of its flow, in one write."""
        name = random_name(self._api.random)
        names: set[Optional[str]] = {sign_in.key}

        def change(contents: Contents) -> None:
            names.update(key_names(contents))
            put_session(contents, answer, sign_in, name)

        contents = await self._vault.update(change)
        self.adopt(contents["session"], answer)
        await self._clean(contents, names)

    async def renew(self, session: StoredSession, tokens: types.Tokens, flow: Optional[str] = None) -> Optional[str]:
        """Stores renewed tokens, unless the session has gone on or ended meanwhile. Returns the access token."""

        def change(contents: Contents) -> None:
            now = contents.get("session")
            if now and now["id"] == session["id"] and now["refreshToken"] == session["refreshToken"]:
                now["refreshToken"] = tokens["refresh_token"]
            if flow is not None:
                contents["flows"].pop(flow, None)

        now = (await self._vault.update(change)).get("session")
        if now is None or now["id"] != session["id"]:
            return None
        self.adopt(now, tokens)
        return tokens["access_token"]

    async def set_user(self, user: types.User, flow: Optional[str] = None) -> None:
        """Stores what the service says about the account."""

        def change(contents: Contents) -> None:
            session = contents.get("session")
            if session and session["user"]["id"] == user["id"]:
                session["user"] = user
            if flow is not None:
                contents["flows"].pop(flow, None)

        session = (await self._vault.update(change)).get("session")
        stored = self.stored
        if session and stored and session["id"] == stored["id"]:
            self.adopt(session)

    async def end(self, reason: SignedOutReason, *, forget_device: bool = False, token: Optional[str] = None) -> None:
        """Removes the session from this device, and tells the app."""
        lost = self.stored
        ending = Ending(lost["id"] if lost else None, token, forget_device)
        contents = await self._vault.update(lambda contents: end_session(contents, reason, ending))
        if "session" in contents:
            return self.adopt(contents["session"])
        cleared = self._clear()
        if lost and cleared:
            # Another process may have ended it, for a reason of its own.
            ended = contents.get("ended")
            told = ended["reason"] if ended and ended["session"] == lost["id"] else reason
            self._scope.tell(lambda: self.signed_out.tell(told))
        await self._clean(contents, {lost.get("key") if lost else None})

    def lose_key(self, session: StoredSession) -> DoorstepError:
        """Keeps the tokens: the key may be back at the next start, and the user may see whose session it was."""
        with self._mutex:
            self.stored, self._access = session, None
            self._become("key_lost")
        message = "the key of this session is not on this device any more: sign in again"
        return self._api.error(ErrorCode.KEY_LOST, message)

    async def find_key(self, session: StoredSession) -> Optional[DeviceKey]:
        """The key of a bound session."""
        return await self.key(session.get("key"))

    async def key(self, name: Optional[str]) -> Optional[DeviceKey]:
        """A key by its name."""
        if name is None or self._keys is None:
            return None
        return await in_thread(self._keys.get, name)

    def adopt(self, session: StoredSession, tokens: Optional[Mapping[str, Any]] = None) -> None:
        """Takes over the session of the store, and perhaps its access token."""
        with self._mutex:
            stored = self.stored
            other = self.state == "signed_in" and stored and stored["user"]["id"] != session["user"]["id"]
            self.stored = session
            if tokens is not None:
                self._access = self._access_of(session, tokens)
            if other:
                self._scope.tell(lambda: self.changed.tell("signed_in"))
            self._become("signed_in")

    def _access_of(self, session: StoredSession, tokens: Mapping[str, Any]) -> Access:
        clock, life = self._api.clock, tokens["expires_in"]
        return Access(session["id"], tokens["access_token"], clock.monotonic() + life, clock.wall() + life)

    def _clear(self) -> bool:
        """Forgets the session. Returns False if another thread has done this already."""
        with self._mutex:
            was = self.stored is not None
            self.stored = self._access = None
            self._become("signed_out")
            return was

    def _become(self, state: SessionState) -> None:
        if self.state != state:
            self.state = state
            self._scope.tell(lambda: self.changed.tell(state))

    async def _clean(self, contents: Contents, names: set[Optional[str]]) -> None:
        if self._keys is not None:
            await in_thread(clean_keys, self._keys, contents, names)
