"""The code in the text of a message."""

from __future__ import annotations

import re
from typing import Optional


def one_time_code(message: str) -> Optional[str]:
    """The six digits in the text of an SMS, None if there is not exactly one group of six digits."""
    groups = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", message)
    return groups[0] if len(groups) == 1 else None
