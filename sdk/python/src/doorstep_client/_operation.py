"""Description of one operation of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Optional, TypeVar

Body = TypeVar("Body")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Operation(Generic[Body, Answer]):
    """One operation of the API, with the types of its body and its answer."""

    id: str
    method: str
    path: str
    bearer: bool = False
    """Needs an access token."""
    proof: bool = False
    """Reads a DPoP proof."""
    idempotency_key: bool = False
    """Stores its answer for an `Idempotency-Key`. Every other operation is harmless to repeat."""
    client_id: bool = False
    """The body has `client_id`."""
    device_name: bool = False
    """The body has `device_name`."""
    answer_fields: Optional[tuple[str, ...]] = None
    """The fields that its answer has. None: the answer is 204."""
