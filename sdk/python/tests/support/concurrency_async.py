"""Calls at the same time: tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, Union

Result = TypeVar("Result")

# The tests with many moments take every moment here.
STRIDE = 1


async def together(*calls: Callable[[], Awaitable[Result]]) -> list[Result]:
    """The results of calls that run at the same time."""
    return list(await asyncio.gather(*(call() for call in calls)))


async def settled(*calls: Callable[[], Awaitable[Result]]) -> list[Union[Result, BaseException]]:
    """The results or errors of calls that run at the same time."""
    return list(await asyncio.gather(*(call() for call in calls), return_exceptions=True))


async def joined(count: int) -> None:
    """Waits until this many callers wait for one result."""
    for _ in range(10 * count):
        await asyncio.sleep(0)
