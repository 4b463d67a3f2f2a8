"""The files that are made from others."""

from __future__ import annotations

import subprocess
import sys

from scripts.make_sync import made

from ..support.server import TREE


def test_the_synchronous_client_is_the_asynchronous_one_without_waiting() -> None:
    run = subprocess.run(
        [sys.executable, "scripts/make_sync.py", "--check"], cwd=TREE / "sdk/python", capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_rules() -> None:
    text = """
from collections.abc import AsyncIterator, Awaitable, Callable
from .._runtime_async import Scope
async def run(work: Callable[[], Awaitable[dict[str, int]]]) -> AsyncDoorstep:
    async with held(lock) as one:
        return await work()
"""
    assert (
        made(text).split("\n", 1)[1]
        == """
from collections.abc import Iterator, Callable
from .._runtime_sync import Scope
def run(work: Callable[[], dict[str, int]]) -> Doorstep:
    with held(lock) as one:
        return work()
"""
    )
