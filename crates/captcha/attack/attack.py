"""Description of an attacker: name, configuration, and a function that reads pictures."""

from collections.abc import Callable
from dataclasses import dataclass

from samples import Sample


@dataclass(frozen=True)
class Attack:
    attacker: str
    configuration: str
    read: Callable[[list[Sample]], list[str]]
    # True for the configuration that people try first. It reads all pictures, whatever its result on the first few.
    always: bool = False


@dataclass(frozen=True)
class Knowledge:
    """Knowledge of the attacker about the captcha: its characters, their number (None if it varies), and whether it is
    a sum."""

    alphabet: str
    length: int | None
    arithmetic: bool
