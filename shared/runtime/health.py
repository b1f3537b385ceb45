"""The worker's health: whether it is connected and consuming, told in its log and in a file that is fresh while it is.

`python -m shared.runtime.health FILE` exits 0 if the file is fresh, else 1: for container health checks.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

from shared.broker.messages import LinkCondition, LinkState
from shared.runtime.logs import Logger

REFRESH_SECONDS: Final = 5.0
STALE_SECONDS: Final = 15.0


class Health:
    """What a worker tells of its own state: lines of its log, and its health file."""

    def __init__(self, file: Path | None, queues: int, log: Logger) -> None:
        """Tell of a worker that reads so many queues; without a file only the log is told."""
        self._file, self._queues, self._log = file, queues, log
        self._healthy = False

    def observe(self, state: LinkState) -> None:
        """Take note of where the link stands now."""
        self._healthy = state.condition is LinkCondition.CONSUMING and len(state.missing) < self._queues
        refresh(self._file, healthy=self._healthy)
        if self._healthy:
            self._log.info("ready", queues=self._queues - len(state.missing))
        elif state.condition is LinkCondition.WAITING:
            self._log.warning("broker", condition=str(state.condition), reason=state.reason)
        for queue, reason in state.missing:
            self._log.warning("queue missing", queue=queue, reason=reason)

    async def keep_fresh(self) -> None:
        """Keep the file fresh for as long as the worker is healthy."""
        while True:
            refresh(self._file, healthy=self._healthy)
            await asyncio.sleep(REFRESH_SECONDS)

    def end(self) -> None:
        """Take the file away for good."""
        refresh(self._file, healthy=False)


def refresh(file: Path | None, *, healthy: bool) -> None:
    """Make the file fresh, or take it away."""
    if file is None:
        return
    if healthy:
        file.touch()
    else:
        file.unlink(missing_ok=True)


def fresh(file: Path) -> bool:
    """Whether the worker said lately that all is well."""
    try:
        return time.time() - file.stat().st_mtime < STALE_SECONDS
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if len(sys.argv) > 1 and fresh(Path(sys.argv[1])) else 1)
