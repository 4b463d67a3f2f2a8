"""A clock that a test moves."""

from __future__ import annotations

import time


class MovedClock:
    """The clocks of the system, ahead by what the test says."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.wall_ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def wall(self) -> float:
        return time.time() + self.wall_ahead
