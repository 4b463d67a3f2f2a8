"""Calls at the same time: threads."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Callable, Optional, TypeVar, Union

from doorstep_client._runtime_sync import Flight

Result = TypeVar("Result")

# The tests with many moments take every fifth moment: the code is that of the asynchronous client.
STRIDE = 5


def together(*calls: Callable[[], Result]) -> list[Result]:
    """The results of calls that run at the same time."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def settled(*calls: Callable[[], Result]) -> list[Union[Result, BaseException]]:
    """The results or errors of calls that run at the same time."""
    with ThreadPoolExecutor(len(calls)) as threads:
        futures = [threads.submit(call) for call in calls]
        return [future.exception() or future.result() for future in futures]


def joined(count: int) -> None:
    """Waits until this many threads wait for one result, or work on it."""
    while sum(is_joined(frame) for frame in sys._current_frames().values()) < count:
        time.sleep(0.001)


def is_joined(frame: Optional[FrameType]) -> bool:
    """Tells whether a thread is in `Flight.join`."""
    while frame is not None:
        if frame.f_code is Flight.join.__code__:
            return True
        frame = frame.f_back
    return False
