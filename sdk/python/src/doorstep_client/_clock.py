"""Time for the client."""

from __future__ import annotations

import time
from math import floor
from typing import Protocol


class Clock(Protocol):
    """Clocks that the client reads. Tests replace them."""

    def monotonic(self) -> float:
        """Seconds on a clock that the user cannot set. Its zero is arbitrary."""

    def wall(self) -> float:
        """Seconds since 1970, by the clock of the device. Used for proofs, and for hints after a restart."""


class SystemClock:
    """The clocks of the operating system."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


def milliseconds(seconds: float) -> int:
    """Seconds as the record stores them."""
    return floor(seconds * 1000)
