"""Labelled pictures, the rules for a solved picture, and the confidence interval of a rate."""

import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

# Characters that people confuse, and doorstep accepts.
LOOK_ALIKES = str.maketrans({"O": "D", "0": "D", "Q": "D", "I": "L", "1": "L", "7": "T", "4": "A", "G": "6"})

# Characters that a reader for words sees in a sum.
SUM_LOOK_ALIKES = str.maketrans(
    {"O": "0", "D": "0", "I": "1", "L": "1", "T": "+", "十": "+", "一": "-", "×": "X", "*": "X"}
)
SUM = re.compile(r"(\d+)([+\-X])(\d+)")

# 97.5 % point of the normal distribution: a two-sided interval of 95 %.
Z = 1.959964


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
    return picture


@dataclass(frozen=True)
class Sample:
    """One picture in a file named ANSWER_n.png."""

    path: Path

    @cached_property
    def answer(self) -> str:
        return self.path.stem.rsplit("_", 1)[0]

    @cached_property
    def picture(self) -> Image.Image:
        return opened(self.path)


@dataclass(frozen=True)
class Score:
    """Number of solved pictures out of `count`; `characters` is the share of characters in the right position."""

    exact: int
    folded: int
    count: int
    characters: float


def load(folder: Path) -> list[Sample]:
    """Returns all samples of a folder, in the order of their numbers. This order is independent of the answers."""
    samples = [Sample(path) for path in folder.glob("*_*.png")]
    return sorted(samples, key=lambda sample: int(sample.path.stem.rsplit("_", 1)[1]))


def normal(text: str) -> str:
    return "".join(text.split()).upper()


def fold(text: str) -> str:
    return normal(text).translate(LOOK_ALIKES)


def value(text: str) -> str:
    """Returns the result of the sum in the text, or an empty string."""
    found = SUM.search(normal(text).translate(SUM_LOOK_ALIKES))
    if not found:
        return ""
    a, b = int(found[1]), int(found[3])
    return str({"+": a + b, "-": a - b, "X": a * b}[found[2]])


def score(samples: list[Sample], readings: list[str], arithmetic: bool) -> Score:
    given = [value(text) if arithmetic else normal(text) for text in readings]
    answers = [normal(sample.answer) for sample in samples]
    exact = sum(g == a for g, a in zip(given, answers, strict=True))
    folded = sum(g == a or (not arithmetic and fold(g) == fold(a)) for g, a in zip(given, answers, strict=True))
    hits = sum(x == y for g, a in zip(given, answers, strict=True) for x, y in zip(fold(g), fold(a)))
    return Score(exact, folded, len(samples), hits / max(1, sum(map(len, answers))))


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share, by Wilson's score. It is also valid near 0 and 1, as for most captchas."""
    if count == 0:
        return 0.0, 1.0
    p, z2 = hits / count, Z * Z
    middle = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = Z / (1 + z2 / count) * math.sqrt(p * (1 - p) / count + z2 / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def rate(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{100 * hits / max(1, count):5.1f} % [{100 * low:4.1f} - {100 * high:5.1f}]"
