"""What every attacker is: a name, a configuration, and a way to read pictures."""

from collections.abc import Callable
from dataclasses import dataclass

from samples import Sample


@dataclass(frozen=True)
class Attack:
    attacker: str
    configuration: str
    read: Callable[[list[Sample]], list[str]]
    # What anybody would try first is measured on all pictures, however it did on the first few.
    always: bool = False


@dataclass(frozen=True)
class Knowledge:
    """What the attacker knows about the captcha: its characters, how many there are unless that changes from picture to
    picture, and that it is a sum."""

    alphabet: str
    length: int | None
    arithmetic: bool
