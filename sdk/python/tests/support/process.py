"""A process of an app, which ends at one moment."""

from __future__ import annotations

from typing import Callable, Optional

from doorstep_client import Store


class Killed(BaseException):
    """The process has ended. Nothing catches this, as nothing runs after the end."""


class Process:
    """Counts the writes and requests of a client, and ends at one of them. Nothing works in a process that has ended.

    `at`: the name of the moment, for example `write 3 before`. `failure`: what is raised at this moment. A failure that
    is not `Killed` happens once, and the process goes on.
    """

    def __init__(self, at: Optional[str] = None, failure: Callable[[], BaseException] = Killed) -> None:
        self.writes = 0
        self.requests = 0
        self.reached = False
        self._at = at
        self._failure = failure
        self._dead = False

    def check(self) -> None:
        """Raises where the process has ended."""
        if self._dead:
            raise Killed

    def reach(self, moment: str) -> None:
        """Fails if this is the moment."""
        if moment != self._at:
            return
        self.reached = True
        failure = self._failure()
        self._dead = isinstance(failure, Killed)
        raise failure

    def moments(self) -> list[str]:
        """Every moment at which a run like this one can end."""
        counts = {"write": self.writes, "request": self.requests}
        return [
            f"{name} {number} {when}"
            for name, total in counts.items()
            for number in range(1, total + 1)
            for when in ("before", "after")
        ]


class ProcessStore:
    """A store as a process sees it."""

    def __init__(self, process: Process, inner: Store) -> None:
        self._process = process
        self._inner = inner

    def get(self, key: str) -> Optional[str]:
        self._process.check()
        return self._inner.get(key)

    def set(self, key: str, value: Optional[str]) -> None:
        self._process.check()
        self._process.writes += 1
        write = f"write {self._process.writes}"
        self._process.reach(f"{write} before")
        self._inner.set(key, value)
        self._process.reach(f"{write} after")
