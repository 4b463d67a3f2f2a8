"""The proof of work."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable

import pytest

from doorstep_client import Work, solve_with_hashlib
from doorstep_client._runtime_async import solve

ENDLESS = Work("challenge", 128)


def zero_bits(challenge: str, nonce: str) -> int:
    """Zero bits at the beginning of the hash."""
    digest = hashlib.sha256(f"{challenge}:{nonce}".encode()).digest()
    return 256 - int.from_bytes(digest, "big").bit_length()


def test_the_first_nonce_with_enough_zero_bits() -> None:
    for bits in (1, 7, 8, 9, 12):
        challenge = "x" * (bits * 9)
        nonce = solve_with_hashlib(Work(challenge, bits), lambda: False)
        assert nonce is not None
        assert zero_bits(challenge, nonce) >= bits
        assert all(zero_bits(challenge, str(smaller)) < bits for smaller in range(int(nonce)))


def test_a_search_that_is_cancelled_has_no_nonce() -> None:
    looks = iter([False, False, True])
    assert solve_with_hashlib(ENDLESS, lambda: next(looks)) is None


async def test_the_event_loop_stays_responsive_and_the_search_ends_with_its_caller() -> None:
    ended = threading.Event()

    def watched(work: Work, cancelled: Callable[[], bool]) -> None:
        solve_with_hashlib(work, cancelled)
        ended.set()

    task = asyncio.create_task(solve(watched, ENDLESS))
    turns, start = 0, time.monotonic()
    while turns < 50:
        await asyncio.sleep(0.001)
        turns += 1
    assert time.monotonic() - start < 10
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.get_running_loop().run_in_executor(None, ended.wait, 10)


async def test_a_failure_of_the_solver_reaches_its_caller() -> None:
    def fail(work: Work, cancelled: object) -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await solve(fail, ENDLESS)
