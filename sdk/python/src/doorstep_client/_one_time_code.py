"""The code in the text of a message."""

from __future__ import annotations

import re
from typing import Optional


def one_time_code(message: str) -> Optional[str]:
    """The six digits in the text of an SMS, None if there are none, or groups of six digits that differ.

    A message for SMS autofill can contain the code twice.
    """
    groups = set(re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", message))
    return groups.pop() if len(groups) == 1 else None
