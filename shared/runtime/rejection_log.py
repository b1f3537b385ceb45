"""The log of rejected deliveries: lines with a limit for each sender and kind of reason, and a sum of the rest.

Whoever has an account can send bad deliveries as fast as the broker takes them, with a reason that differs each time:
so the limit goes by the queue, which names the sender, and by the reason's code. Beyond the limit there are lines of
level debug only, and a sum when the time is over. What is counted (`Condition.rejections`) is always whole.
"""

import asyncio
from collections import Counter
from typing import Final

from shared.runtime.logs import Logger
from shared.runtime.rejections import code_of

LIMIT_LINES: Final = 10
"""How many lines one sender can cause for one kind of reason in LIMIT_SECONDS."""
LIMIT_SECONDS: Final = 10.0


class RejectionLog:
    """The lines of one worker about deliveries that it rejects."""

    def __init__(self, log: Logger, seconds: float = LIMIT_SECONDS) -> None:
        """Write to this log; a limit holds for so many seconds."""
        self._log, self._seconds = log, seconds
        self._told: Counter[tuple[str, str, str]] = Counter()

    def set_aside(self, queue: str, reason: str, **ids: str) -> None:
        """Tell that a delivery of a queue goes to the dead letters, and why."""
        self._tell("set aside", queue, reason, **ids)

    def lost(self, queue: str, reason: str) -> None:
        """Tell that the dead letters did not take one, so that there is no copy of it."""
        self._tell("could not be set aside", queue, reason)

    def close(self) -> None:
        """Tell the sums that are still due."""
        for key in list(self._told):
            self._sum_up(key)

    def _tell(self, event: str, queue: str, reason: str, **ids: str) -> None:
        key = (event, queue, code_of(reason))
        self._told[key] += 1
        if self._told[key] == 1:
            asyncio.get_running_loop().call_later(self._seconds, self._sum_up, key)
        say = self._log.warning if self._told[key] <= LIMIT_LINES else self._log.debug
        say(event, queue=queue, reason=reason, **ids)

    def _sum_up(self, key: tuple[str, str, str]) -> None:
        """End the time of a limit, and tell how many had no line of their own."""
        event, queue, code = key
        more = self._told.pop(key, 0) - LIMIT_LINES
        if more > 0:
            self._log.warning(f"{more} more {event}", queue=queue, code=code, more=more)
