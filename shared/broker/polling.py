"""Polling: look again and again until a condition holds, for processes that have no event to wait for."""

import time
from collections.abc import Callable
from typing import Final

POLL_SECONDS: Final = 0.05


def wait_until(condition: Callable[[], bool], limit_seconds: float) -> bool:
    """Look every POLL_SECONDS until a condition holds, and return whether it did within the limit. Blocks."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
