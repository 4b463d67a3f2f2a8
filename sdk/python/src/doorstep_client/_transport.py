"""Requests and answers, as transports see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional


@dataclass(frozen=True)
class TransportRequest:
    """A request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Optional[str] = field(repr=False)
    """JSON text. None where the request has no body."""
    timeout: float
    """Seconds after which the transport gives up."""


@dataclass(frozen=True)
class TransportResponse:
    """An answer of any status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names are in lower case."""
    body: str = field(repr=False)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, for a log. Both contain secrets, which `repr` does not show."""

    operation: str
    request: TransportRequest
    response: Optional[TransportResponse]
    """None where no answer came."""
    seconds: float
