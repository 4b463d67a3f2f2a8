"""Listeners of the app."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")
Remove = Callable[[], None]

logger = logging.getLogger("doorstep_client")


class Listeners(Generic[Value]):
    """Listeners of one kind of event. An error in a listener is logged, and does not reach the client."""

    def __init__(self) -> None:
        self._all: list[Callable[[Value], object]] = []

    def add(self, listener: Callable[[Value], object]) -> Remove:
        """Returns the function that removes the listener."""
        # The same function twice is two listeners.
        entry: Callable[[Value], object] = lambda value: listener(value)  # noqa: E731
        self._all.append(entry)

        def remove() -> None:
            if entry in self._all:
                self._all.remove(entry)

        return remove

    def tell(self, value: Value) -> None:
        """Calls every listener."""
        for listener in list(self._all):
            try:
                listener(value)
            except Exception:
                logger.exception("a listener failed")
