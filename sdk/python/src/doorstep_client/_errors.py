"""Errors of the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Optional

from ._generated.codes import (
    AFTER_NOTHING,
    AFTER_UNKNOWN,
    FIELD_TEXTS,
    NEXT,
    TEXT_OF_NO_ANSWER,
    TEXT_OF_UNKNOWN,
    TEXTS,
    Next,
    ServiceCode,
)


class ErrorCode(ServiceCode):
    """All codes that this version knows: those of the service, and the client's own."""

    NETWORK: Final = "network"
    """No answer came, after the retries."""
    INVALID_ANSWER: Final = "invalid_answer"
    """Something between client and service answered: a proxy, or the login page of a Wi-Fi."""
    SIGNED_OUT: Final = "signed_out"
    """The call needs a session."""
    KEY_LOST: Final = "key_lost"
    """The session is bound to a key that this device does not have any more."""
    USER_CHANGED: Final = "user_changed"
    """Another user has signed in meanwhile, in another process."""
    ABORTED: Final = "aborted"
    """The call was interrupted in another thread."""
    UPLOAD_FAILED: Final = "upload_failed"
    """The storage of the operator refused the image."""


@dataclass(frozen=True)
class FieldProblem:
    """A field of the body that the service refused."""

    field: str
    """Name on the wire: `captcha_answer`."""
    code: str
    detail: str
    pointer: Optional[str] = None
    """JSON pointer to the field: `#/proof_of_work/nonce`."""
    language: Optional[str] = None

    @property
    def user_message(self) -> str:
        """Sentence for the user. A code of a newer service has the sentence of the service."""
        text = FIELD_TEXTS.get(self.code)
        return self.detail if text is None else in_language(text, self.language)


AFTER_CLIENT_CODE: dict[str, Next] = {
    ErrorCode.NETWORK: AFTER_NOTHING,
    ErrorCode.INVALID_ANSWER: AFTER_NOTHING,
    ErrorCode.SIGNED_OUT: "sign_in",
    ErrorCode.KEY_LOST: "sign_in",
    ErrorCode.USER_CHANGED: "reload",
}


# Codes of the client, and the codes of the service whose sentences say the same.
SAME = {ErrorCode.SIGNED_OUT: ErrorCode.TOKEN_MISSING, ErrorCode.KEY_LOST: ErrorCode.TOKEN_MISSING}


class DoorstepError(Exception):
    """Error of the client. Branch on `code`, and treat a code that you do not know like `internal_error`."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        problem: Optional[Mapping[str, Any]] = None,
        retry_after: Optional[float] = None,
        unanswered: bool = False,
        language: Optional[str] = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        """HTTP status, 0 where the service did not answer."""
        self.problem = problem
        """The error document (RFC 9457), also with the fields of a newer service."""
        self.retry_after = retry_after
        """Seconds until another attempt makes sense."""
        self.unanswered = unanswered
        """The service may have done what it should do: the client repeats the same action at the next call."""
        self.language = language

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"

    def __repr__(self) -> str:
        return f"DoorstepError({self.code!r}, status={self.status})"

    @property
    def next(self) -> Next:
        """Next act of the app: one of few words for all codes, also for those of a newer service."""
        return AFTER_CLIENT_CODE.get(self.code) or NEXT.get(self.code, AFTER_UNKNOWN)

    @property
    def user_message(self) -> str:
        """Sentence for the user, in the language of the client: Chinese for any Chinese tag, else English."""
        if self.code in (ErrorCode.NETWORK, ErrorCode.INVALID_ANSWER):
            return in_language(TEXT_OF_NO_ANSWER, self.language)
        return in_language(TEXTS.get(SAME.get(self.code, self.code)) or TEXT_OF_UNKNOWN, self.language)

    @property
    def attempts_left(self) -> Optional[int]:
        """Attempts that are left for a code."""
        left = (self.problem or {}).get("attempts_left")
        return left if isinstance(left, int) else None

    @property
    def fields(self) -> tuple[FieldProblem, ...]:
        """Fields that the service refused."""
        problems = (self.problem or {}).get("errors") or ()
        return tuple(
            FieldProblem(
                one.get("field", ""), one.get("code", ""), one.get("detail", ""), one.get("pointer"), self.language
            )
            for one in problems
        )

    @property
    def documents(self) -> Sequence[str]:
        """Documents that the user must accept (`consent_required`)."""
        return tuple((self.problem or {}).get("documents") or ())

    @property
    def request_id(self) -> Optional[str]:
        """Id for bug reports: the log of the service has it, too."""
        name = (self.problem or {}).get("request_id")
        return name if isinstance(name, str) else None


def in_language(text: tuple[str, str], language: Optional[str]) -> str:
    """The Chinese text for any tag of Chinese, else the English one."""
    english, chinese = text
    return chinese if (language or "").replace("_", "-").split("-")[0].lower() == "zh" else english


def has_code(error: BaseException, *codes: str) -> bool:
    """Tells whether an error of the client has one of these codes."""
    return isinstance(error, DoorstepError) and error.code in codes
