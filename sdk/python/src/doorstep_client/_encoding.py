"""JSON, base64url and random names, as the wire and the record have them."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from typing import Any, Optional
from urllib.parse import unquote_to_bytes

RandomSource = Callable[[int], bytes]

system_random: RandomSource = os.urandom


def base64url(data: bytes) -> str:
    """Base64 with the URL alphabet and without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def to_json(value: Any) -> str:
    """Compact JSON. An unpaired surrogate, which UTF-8 does not have, stays escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def random_name(random: RandomSource) -> str:
    """A random name of 128 bits, for idempotency keys, keys of devices and proofs."""
    return base64url(random(16))


def data_of(uri: Optional[str]) -> Optional[bytes]:
    """The bytes of a data URI (RFC 2397), None for any other text."""
    head, comma, data = (uri or "").partition(",")
    if not comma or not head.startswith("data:"):
        return None
    encoded = unquote_to_bytes(data)
    try:
        return base64.b64decode(encoded, validate=True) if head.endswith(";base64") else encoded
    except ValueError:
        return None
