"""The reading of answers: what is from the service, and what is not."""

from __future__ import annotations

import json
import re
from typing import Any, Optional

from ._errors import DoorstepError, ErrorCode
from ._transport import TransportResponse

DURATIONS = ("expires_in", "resend_in", "refresh_expires_in")


def read_answer(response: TransportResponse, fields: Optional[tuple[str, ...]], language: Optional[str] = None) -> Any:
    """The body of a successful answer. Raises the error of every other answer.

    `fields`: those of the answer. None: it has no body.
    """
    body = parse(response.body)
    status = response.status
    if 200 <= status < 300:
        if status == 204 and fields is None:
            return None
        # A Wi-Fi with a login page answers everything with a page or a JSON of its own and a 200.
        if fields is None or not isinstance(body, dict) or any(name not in body for name in fields):
            raise invalid_answer(response, True, language)
        return with_age(body, seconds(response.headers.get("age")) or 0)
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        raise invalid_answer(response, status >= 500, language)
    raise problem_error(body, response, language)


def is_from_proxy(error: DoorstepError) -> bool:
    """Tells whether a proxy without a service behind it may have answered: another attempt can succeed."""
    return error.code == ErrorCode.INVALID_ANSWER and (error.status >= 500 or 200 <= error.status < 300)


def problem_error(problem: dict[str, Any], response: TransportResponse, language: Optional[str]) -> DoorstepError:
    """The error of an answer of the service."""
    retry_after = problem.get("retry_after")
    if retry_after is None:
        retry_after = seconds(response.headers.get("retry-after"))
    message = problem.get("detail") or problem.get("title") or problem["code"]
    return DoorstepError(
        problem["code"],
        message,
        status=response.status,
        problem=problem,
        retry_after=retry_after,
        language=language,
    )


def invalid_answer(response: TransportResponse, unanswered: bool, language: Optional[str]) -> DoorstepError:
    """The error of an answer that is not from the service."""
    return DoorstepError(
        ErrorCode.INVALID_ANSWER,
        f"an answer with status {response.status} that is not from doorstep",
        status=response.status,
        retry_after=seconds(response.headers.get("retry-after")),
        unanswered=unanswered,
        language=language,
    )


def with_age(body: dict[str, Any], age: int) -> dict[str, Any]:
    """A replayed answer has its original durations, and `Age` says how old it is."""
    for name in DURATIONS if age > 0 else ():
        value = body.get(name)
        if isinstance(value, (int, float)):
            body[name] = max(0, value - age)
    return body


def seconds(header: Optional[str]) -> Optional[int]:
    """The seconds of a header, None for anything else."""
    return int(header) if header is not None and re.fullmatch(r"[0-9]{1,9}", header) else None


def parse(text: str) -> Any:
    """The value of a JSON text, None where it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
