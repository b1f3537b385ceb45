"""Interface ids: `ri-` and 17 characters, which sort by the time they were made.

As in UUID version 7 (RFC 9562 section 5.7): interfaces made together lie together in both ends' stores, where an id
that does not sort so would cost a B-tree one page each.
"""

from __future__ import annotations

import secrets
import time
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS: Final = 9
_RANDOM_DIGITS: Final = 8


def interface_id() -> str:
    """Make a new interface id, as long as the cloud's own."""
    milliseconds = time.time_ns() // 1_000_000
    chance = "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM_DIGITS))
    return f"ri-{_base36(milliseconds, _TIME_DIGITS)}{chance}"


def _base36(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
