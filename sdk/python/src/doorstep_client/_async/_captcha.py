"""Captchas, and the proof of work that the service may want for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Optional

from .._encoding import data_of
from .._errors import DoorstepError, ErrorCode, has_code
from .._generated import operations, types
from .._models import CaptchaAnswer
from .._runtime_async import solve
from .._work import Solver, Work
from ._api import AsyncApi

# Proofs that the service refuses in a row before the client gives up.
MAX_PROOFS = 3


@dataclass(frozen=True)
class AsyncCaptcha:
    """A captcha: show it, and send `captcha.answer(text)` with the code request. It allows one attempt."""

    id: str
    kind: types.CaptchaKind
    image: Optional[bytes] = field(repr=False)
    """The image file: show it at two or three times its size, without smoothing."""
    audio: Optional[bytes] = field(repr=False)
    """The recording."""
    media_type: str
    prompt: str
    """One sentence for the user, in their language."""
    input: str
    """The keyboard: `text` or `digits`."""
    length: Optional[int]
    """Characters of the answer, None where it varies."""
    expires_in: int
    """Seconds from its creation."""
    _refresh: Callable[[], Awaitable[AsyncCaptcha]] = field(repr=False, compare=False)

    def answer(self, text: str) -> CaptchaAnswer:
        """The answer of the user to this captcha."""
        return CaptchaAnswer(self.id, text)

    async def refresh(self) -> AsyncCaptcha:
        """Another captcha of the same kind instead of this one."""
        return await self._refresh()


async def create_captcha(api: AsyncApi, solver: Solver, base: types.CreateCaptcha) -> AsyncCaptcha:
    """Requests a captcha, and does the proof of work if the service wants one."""
    proofs = 0
    body = base
    while True:
        try:
            created = await api.send(operations.CAPTCHAS_CREATE, body)
            return describe(api, solver, base, created)
        except DoorstepError as error:
            refused = has_code(error, ErrorCode.PROOF_OF_WORK_REQUIRED, ErrorCode.PROOF_OF_WORK_INVALID)
            if not refused or proofs >= MAX_PROOFS:
                raise
            wanted = error
        proofs += 1
        body = types.CreateCaptcha(**{**base, "proof_of_work": await prove(api, solver, wanted)})


async def prove(api: AsyncApi, solver: Solver, error: DoorstepError) -> types.ProofOfWork:
    """The proof of work that an error wants."""
    work = (error.problem or {}).get("proof_of_work")
    if not isinstance(work, dict) or work.get("algorithm") != "sha-256":
        raise error
    nonce = await solve(solver, Work(work["challenge"], work["bits"]))
    if nonce is None:
        raise api.error(ErrorCode.ABORTED, "the proof of work was cancelled")
    return types.ProofOfWork(challenge=work["challenge"], nonce=nonce)


def describe(api: AsyncApi, solver: Solver, base: types.CreateCaptcha, created: types.Captcha) -> AsyncCaptcha:
    """The captcha of an answer."""
    again = types.CreateCaptcha(**{**base, "replaces": created["captcha_id"]})
    return AsyncCaptcha(
        id=created["captcha_id"],
        kind=base.get("kind") or "image",
        image=data_of(created.get("image")),
        audio=data_of(created.get("audio")),
        media_type=created["media_type"],
        prompt=created["prompt"],
        input=created["input"],
        length=created.get("length"),
        expires_in=created["expires_in"],
        _refresh=lambda: create_captcha(api, solver, again),
    )
