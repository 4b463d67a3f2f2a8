"""The client of one doorstep service."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Optional

from .._clock import Clock, SystemClock
from .._encoding import RandomSource, system_random
from .._generated import types
from .._keys import KeyStore
from .._runtime_async import Scope
from .._stores import MemoryStore, Store
from .._transport import Exchange
from .._work import Solver, solve_with_hashlib
from ._account import AsyncAccount
from ._api import AsyncApi, AsyncTransport
from ._captcha import AsyncCaptcha, create_captcha
from ._http import AsyncHttpxTransport
from ._session import AsyncSession
from ._vault import AsyncVault
from .flows._context import Context
from .flows._deletion import AsyncDeletion
from .flows._first_password import AsyncFirstPassword
from .flows._own_number import AsyncPhoneChange, AsyncPhoneConfirmation
from .flows._password_reset import AsyncPasswordReset
from .flows._reclaim import AsyncReclaim
from .flows._sign_in import AsyncSignIn
from .flows._sign_up import AsyncSignUp


class AsyncDoorstep:
    """The client of one doorstep service. A program needs one for each user."""

    def __init__(
        self,
        base_url: str,
        *,
        client_id: Optional[str] = None,
        device_name: Optional[str] = None,
        language: Optional[str] = None,
        store: Optional[Store] = None,
        store_key: str = "doorstep",
        keys: Optional[KeyStore] = None,
        timeout: float = 15,
        transport: Optional[AsyncTransport] = None,
        clock: Optional[Clock] = None,
        random: RandomSource = system_random,
        solve_proof_of_work: Solver = solve_with_hashlib,
        on_request: Optional[Callable[[Exchange], object]] = None,
    ) -> None:
        """Creates a client. It sends nothing.

        `base_url`: URL of the service, with its path prefix. `client_id`: id of the app, as agreed with the operator.
        `device_name`: the user recognises the device by it. `language`: of messages and errors. `store`: memory by
        default. `keys`: sessions are bound to a key only with a key store. `timeout`: seconds until a request counts as
        lost. `on_request`: called after each request, for a log; requests and answers contain secrets.
        """
        self._http = None if transport else AsyncHttpxTransport()
        send = transport or self._http
        assert send is not None
        clock = clock or SystemClock()
        self._api = api = AsyncApi(base_url, language, timeout, send, clock, random, on_request)
        self._scope = Scope()
        self._solver = solve_proof_of_work
        vault = AsyncVault(MemoryStore() if store is None else store, store_key)
        self.session = AsyncSession(api, vault, keys, self._scope)
        self.account = AsyncAccount(api, self.session)
        self._context = Context(api, vault, self.session, keys, self._scope, client_id, device_name)

    async def captcha(
        self, *, kind: types.CaptchaKind = "image", theme: Optional[types.CaptchaTheme] = None
    ) -> AsyncCaptcha:
        """Requests a captcha, and does the proof of work that the service may want."""
        wanted = types.CreateCaptcha(kind=None if kind == "image" else kind, theme=theme)
        return await create_captcha(self._api, self._solver, wanted)

    def sign_up(self) -> AsyncSignUp:
        """A sign-up: code, password, profile."""
        return AsyncSignUp(self._context)

    def sign_in(self) -> AsyncSignIn:
        """A sign-in with the password, or with a code."""
        return AsyncSignIn(self._context)

    def password_reset(self) -> AsyncPasswordReset:
        """A new password by code."""
        return AsyncPasswordReset(self._context)

    def reclaim(self) -> AsyncReclaim:
        """A new number for an account that lost its number."""
        return AsyncReclaim(self._context)

    def phone_change(self) -> AsyncPhoneChange:
        """Another number for the account."""
        return AsyncPhoneChange(self._context)

    def phone_confirmation(self) -> AsyncPhoneConfirmation:
        """The question whether the number is still that of the user."""
        return AsyncPhoneConfirmation(self._context)

    def first_password(self) -> AsyncFirstPassword:
        """A password for an account that has none."""
        return AsyncFirstPassword(self._context)

    def deletion(self) -> AsyncDeletion:
        """The deletion of the account."""
        return AsyncDeletion(self._context)

    async def aclose(self) -> None:
        """Ends what is in flight, as a crash does, and closes the connections. The session stays."""
        await self._scope.close()
        if self._http is not None:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncDoorstep:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.aclose()
