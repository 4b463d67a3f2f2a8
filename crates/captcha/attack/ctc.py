"""Decodes the output of a network that names one class for each column of the picture (CTC; Graves et al. 2006). The
decoder uses the knowledge of an attacker: the possible characters and, mostly, their number."""

from collections.abc import Callable

import numpy as np

BLANK = 0
Step = tuple[float, str]
NOTHING: Step = (-np.inf, "")


def classes(charset: list[str], alphabet: str, meaning: Callable[[str], str]) -> dict[str, list[int]]:
    """Returns the classes of the network for each character of the alphabet, with other case and look-alikes."""
    wanted = {character: [] for character in dict.fromkeys(alphabet.upper())}
    for index, text in enumerate(charset):
        if index == BLANK:
            continue
        own = text.upper()
        target = own if own in wanted else meaning(own)
        if target in wanted:
            wanted[target].append(index)
    return {character: indices for character, indices in wanted.items() if indices}


def restrict(scores: np.ndarray, groups: dict[str, list[int]]) -> tuple[np.ndarray, str]:
    """Returns the logarithmic probabilities of the blank and of each allowed character, for each column."""
    logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    best = [logs[:, indices].max(axis=1) for indices in groups.values()]
    return np.stack([logs[:, BLANK], *best], axis=1), "".join(groups)


def most_likely(logs: np.ndarray, alphabet: str) -> str:
    """Returns the best class of each column, without repetitions and blanks."""
    best = logs.argmax(axis=1)
    kept = [k for i, k in enumerate(best) if k != BLANK and (i == 0 or best[i - 1] != k)]
    return "".join(alphabet[k - 1] for k in kept)


def most_likely_of_length(logs: np.ndarray, alphabet: str, length: int) -> str:
    """Returns the text of the most likely path with exactly `length` characters (Viterbi)."""
    blank: list[Step] = [(0.0, "")] + [NOTHING] * length
    label: list[list[Step]] = [[NOTHING] * len(alphabet) for _ in range(length + 1)]
    for column in logs.tolist():
        new_label = [label[0]]
        for k in range(1, length + 1):
            new_label.append(emit(column[1:], alphabet, blank[k - 1], label[k - 1], label[k]))
        blank = [add(max(blank[k], max(label[k])), column[BLANK]) for k in range(length + 1)]
        label = new_label
    return max(blank[length], max(label[length]))[1]


def emit(column: list[float], alphabet: str, blank: Step, before: list[Step], same: list[Step]) -> list[Step]:
    """Advances by one column: each character continues, or follows a blank or another character."""
    first, second = sorted(before, reverse=True)[:2] if len(before) > 1 else (before[0], NOTHING)
    result = []
    for i, character in enumerate(alphabet):
        other = second if before[i] is first else first
        score, text = max(blank, other)
        result.append(add(max(same[i], (score, text + character)), column[i]))
    return result


def add(step: Step, score: float) -> Step:
    return step[0] + score, step[1]
