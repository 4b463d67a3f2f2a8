"""Sends operations, repeats what is safe to repeat, and makes every failure a `DoorstepError`."""

from __future__ import annotations

import random as jitter
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, TypeVar
from urllib.parse import quote

from .._answer import is_from_proxy, read_answer
from .._clock import Clock
from .._encoding import RandomSource, random_name, to_json
from .._errors import DoorstepError, ErrorCode
from .._keys import DeviceKey
from .._operation import Operation
from .._proof import make_proof
from .._runtime_async import in_thread, sleep
from .._transport import Exchange, TransportRequest, TransportResponse

Body = TypeVar("Body")
Answer = TypeVar("Answer")

AsyncTransport = Callable[[TransportRequest], Awaitable[TransportResponse]]
"""Sends one request. It raises where no answer came, and never because of a status. It does not retry."""

# Pauses before the second, third and fourth attempt of a request that got no answer, in seconds.
PAUSES = (0.3, 1.0, 2.0)
# The longest `Retry-After` that the client waits for by itself, in seconds.
SHORT_WAIT = 3
# Seconds that a nonce is used; the service accepts it for five minutes.
NONCE_LIFE = 240
BUSY = ("overloaded", "dependency_unavailable", "too_many_requests")
# Attempts while the first request with the same idempotency key is running; about 20 s if its process died.
IN_PROGRESS_ATTEMPTS = 25


@dataclass(frozen=True)
class Options:
    """Parts of a request besides its body."""

    path: Mapping[str, str] = field(default_factory=dict)
    """Values of the parameters in the path."""
    access_token: Optional[str] = field(default=None, repr=False)
    idempotency_key: Optional[str] = None
    key: Optional[DeviceKey] = field(default=None, repr=False)
    """Signs a proof for the request."""
    unanswered: bool = False
    """An earlier attempt got no answer, perhaps before the process was killed."""
    on_lost: Optional[Callable[[], None]] = None
    """Called when an attempt gets no answer."""


@dataclass
class Counts:
    """Attempts that failed, by the reason."""

    lost: int = 0
    busy: int = 0
    in_progress: int = 0
    nonce: int = 0


@dataclass
class AsyncApi:
    """The service, as the rest of the client sees it."""

    base_url: str
    language: Optional[str]
    timeout: float
    transport: AsyncTransport
    clock: Clock
    random: RandomSource
    on_request: Optional[Callable[[Exchange], object]]
    _nonce: Optional[tuple[str, float]] = field(default=None, repr=False)

    async def send(self, operation: Operation[Body, Answer], body: Body, options: Optional[Options] = None) -> Answer:
        """Sends an operation until it is answered, or the attempts are used up."""
        options = options or Options()
        lost = options.unanswered
        counts = Counts()
        while True:
            try:
                answer: Answer = await self._attempt(operation, body, options)
                return answer
            except DoorstepError as error:
                lost = lost or error.unanswered
                if error.unanswered and options.on_lost:
                    options.on_lost()
                pause = pause_before(operation, body, options, error, counts)
                if pause is None:
                    mark_unanswered(error, lost)
                    raise
            await sleep(pause)

    def error(self, code: str, message: str, **details: Any) -> DoorstepError:
        """An error that speaks the language of the client."""
        return DoorstepError(code, message, language=self.language, **details)

    def url(self, operation: Operation[Any, Any], path: Mapping[str, str]) -> str:
        """The URL of an operation."""
        route = re.sub(r"\{(\w+)\}", lambda match: quote(path[match[1]], safe=""), operation.path)
        return self.base_url.rstrip("/") + route

    async def _attempt(self, operation: Operation[Any, Any], body: Any, options: Options) -> Any:
        request = await self._request(operation, body, options)
        response = await self._exchange(operation.id, request)
        nonce = response.headers.get("dpop-nonce")
        if nonce:
            self._nonce = (nonce, self.clock.monotonic() + NONCE_LIFE)
        return read_answer(response, operation.answer_fields, self.language)

    async def _exchange(self, operation: str, request: TransportRequest) -> TransportResponse:
        start = self.clock.monotonic()
        response: Optional[TransportResponse] = None
        try:
            response = await self.transport(request)
            return response
        except Exception as cause:
            raise self.error(ErrorCode.NETWORK, "no answer from the service", unanswered=True) from cause
        finally:
            self._tell(Exchange(operation, request, response, self.clock.monotonic() - start))

    def _tell(self, exchange: Exchange) -> None:
        """An error in the log of the app is no error of the request."""
        if self.on_request is None:
            return
        try:
            self.on_request(exchange)
        except Exception:
            # The app hears of it nowhere: its log is broken.
            return

    async def _request(self, operation: Operation[Any, Any], body: Any, options: Options) -> TransportRequest:
        url = self.url(operation, options.path)
        headers = {"accept": "application/json"}
        if self.language:
            headers["accept-language"] = self.language
        if body is not None:
            headers["content-type"] = "application/json"
        if options.access_token:
            headers["authorization"] = f"Bearer {options.access_token}"
        if options.idempotency_key:
            headers["idempotency-key"] = f'"{options.idempotency_key}"'
        if options.key is not None:
            headers["dpop"] = await self._proof(options.key, operation.method, url)
        text = None if body is None else to_json(without_none(body))
        return TransportRequest(operation.method, url, headers, text, self.timeout)

    async def _proof(self, key: DeviceKey, method: str, url: str) -> str:
        value, until = self._nonce or ("", 0.0)
        nonce = value if value and self.clock.monotonic() < until else None
        return await in_thread(make_proof, key, method, url, nonce, self.clock, self.random)

    def new_name(self) -> str:
        """A random name, for an idempotency key."""
        return random_name(self.random)


def without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a body that have a value."""
    return {name: value for name, value in body.items() if value is not None}


def pause_before(
    operation: Operation[Any, Any], body: Any, options: Options, error: DoorstepError, counts: Counts
) -> Optional[float]:
    """Seconds before the next attempt, None for no other attempt."""
    if error.code == ErrorCode.USE_DPOP_NONCE and counts.nonce < 2:
        counts.nonce += 1
        return 0
    if error.code == ErrorCode.REQUEST_IN_PROGRESS and counts.in_progress < IN_PROGRESS_ATTEMPTS:
        counts.in_progress += 1
        return 1 if error.retry_after is None else error.retry_after
    if operation.method == "POST" and operation.idempotency_key and options.idempotency_key is None:
        return None
    if error.code == ErrorCode.NETWORK or is_from_proxy(error):
        return pause_after_loss(counts)
    return pause_while_busy(body, error, counts)


def pause_after_loss(counts: Counts) -> Optional[float]:
    """Seconds before another attempt after one without an answer."""
    if counts.lost >= len(PAUSES):
        return None
    pause = PAUSES[counts.lost]
    counts.lost += 1
    # Not all clients at the same moment after an outage.
    return pause * jitter.uniform(0.75, 1.25)


def pause_while_busy(body: Any, error: DoorstepError, counts: Counts) -> Optional[float]:
    """Seconds that a busy service wants, if they are few."""
    # A captcha allows one attempt: the same body would fail.
    if body is not None and body.get("captcha_id") is not None:
        return None
    if error.code not in BUSY or error.retry_after is None or error.retry_after > SHORT_WAIT or counts.busy >= 2:
        return None
    counts.busy += 1
    return error.retry_after


def mark_unanswered(error: DoorstepError, lost: bool) -> None:
    """Marks refusals of a repetition that say nothing about a first request whose answer was lost.

    The cooldown of a code is no such refusal: a first request that had sent the code would have answered the
    repetition, too.
    """
    says_nothing = error.status in (408, 429, 503) and error.code != ErrorCode.RESEND_COOLDOWN
    if (lost and says_nothing) or error.code == ErrorCode.REQUEST_IN_PROGRESS:
        error.unanswered = True
