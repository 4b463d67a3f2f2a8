"""Proof of work: the search for a nonce."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Optional

# Hashes between two looks at the cancellation: some milliseconds.
CHUNK = 4096


@dataclass(frozen=True)
class Work:
    """A task of the service: SHA-256 of `challenge:nonce` must begin with this number of zero bits."""

    challenge: str
    bits: int


Cancelled = Callable[[], bool]
Solver = Callable[[Work, Cancelled], Optional[str]]
"""Finds the nonce. Returns None when it was cancelled. The asynchronous client calls it in a thread of its own."""


def solve_with_hashlib(work: Work, cancelled: Cancelled) -> Optional[str]:
    """Tries the nonces in order."""
    start = hashlib.sha256(f"{work.challenge}:".encode())
    for first in count(0, CHUNK):
        if cancelled():
            return None
        nonce = search(start, work.bits, first)
        if nonce is not None:
            return nonce
    return None


def search(start: hashlib._Hash, bits: int, first: int) -> Optional[str]:
    """Searches one chunk for a nonce whose hash begins with this number of zero bits."""
    zeros, rest = bytes(bits // 8), 256 - bits
    for number in range(first, first + CHUNK):
        attempt = start.copy()
        attempt.update(b"%d" % number)
        digest = attempt.digest()
        if digest.startswith(zeros) and int.from_bytes(digest, "big") >> rest == 0:
            return str(number)
    return None
