"""The worker's health, told in its log and in a health file: what it has to do without at the moment.

The file is fresh while that is nothing.

`python -m shared.runtime.health FILE` exits 0 if the file is fresh, else 1: for container health checks.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.broker.messages import LinkCondition, LinkState
from shared.broker.names import OPEN_ACCOUNT, EndpointQueue
from shared.runtime.condition import Condition
from shared.runtime.logs import Logger

REFRESH_SECONDS: Final = 5.0
STALE_SECONDS: Final = 15.0
STUCK_SECONDS: Final = 10.0
"""A store that leaves a batch without an answer for so long is stuck; a commit takes milliseconds."""


class Health:
    """Keeps a worker's condition, and tells of it: in lines of its log, and in its health file."""

    def __init__(self, file: Path | None, queues: Mapping[str, EndpointQueue], log: Logger) -> None:
        """Tell of a worker that reads these queues; without a file only the log is told."""
        self._file, self._queues, self._log = file, queues, log
        self._told: LinkState | None = None
        self._busy_since: float | None = None
        self._busy = asyncio.Event()
        self._file_error = ""
        senders = frozenset(queue.sender for queue in queues.values())
        self.condition = Condition(senders - {OPEN_ACCOUNT}, disconnected="not started yet")

    def observe(self, state: LinkState) -> None:
        """Take note of where the link stands now."""
        before, self._told = self._told or LinkState(LinkCondition.CONNECTING, ""), state
        consuming = state.condition is LinkCondition.CONSUMING
        self.condition.unread = {self._queues[queue].sender: reason for queue, reason in state.missing}
        self.condition.disconnected = "" if consuming else state.reason
        self.condition.blocked = state.blocked
        self._refresh()
        if state.condition in {LinkCondition.WAITING, LinkCondition.REFUSED}:
            level = logging.WARNING if state.condition is LinkCondition.WAITING else logging.ERROR
            event = "broker" if state.condition is LinkCondition.WAITING else "refused"
            pause = round(state.pause_seconds, 1)
            self._log.log(level, event, condition=str(state.condition), reason=state.reason, again_in_seconds=pause)
        if state.blocked and state.blocked != before.blocked:
            self.condition.counters["blocked"] += 1
            self._log.error("blocked", reason=f"the broker takes no messages: {state.blocked}")
        for queue, reason in state.missing:
            if (queue, reason) not in before.missing:
                self._log.warning("queue missing", queue=queue, reason=reason)
        if consuming and not state.blocked and _readiness(state) != _readiness(before):
            queues = len(self._queues) - len(state.missing)
            if queues:
                self._log.info("ready", queues=queues)
            else:
                self._log.warning("reads no queue", queues=queues)

    def observe_store(self, problem: str) -> None:
        """Take note of why the store takes nothing; an empty string says that it does."""
        self._busy_since = None
        if problem:
            self._log.error("the store takes nothing: trying again", error=problem)
        if problem != self.condition.store:
            self.condition.store = problem
            self._refresh()

    def store_is_busy(self, now: float) -> None:
        """Note that the store was given something to do; `observe_store` says that it is done."""
        self._busy_since = now
        self._busy.set()

    async def keep_fresh(self) -> None:
        """Keep the file fresh for as long as the worker is healthy, and notice a store that does not come back."""
        while True:
            if self._busy_since is not None and time.monotonic() - self._busy_since > STUCK_SECONDS:
                stuck = f"it has not answered for more than {STUCK_SECONDS:.0f} s"
                if self.condition.store != stuck:
                    self._log.error("the store is stuck", error=stuck)
                self.condition.store = stuck
            self._refresh()
            if self._file is None and self._busy_since is None:  # nothing to keep fresh, and nothing that could stick
                self._busy.clear()
                await self._busy.wait()
            await asyncio.sleep(REFRESH_SECONDS)

    def end(self) -> None:
        """Take the file away for good."""
        self._change_file(healthy=False)

    def _refresh(self) -> None:
        """Make the file say what the condition is."""
        self._change_file(healthy=self.condition.healthy)

    def _change_file(self, *, healthy: bool) -> None:
        """Change the file; where that is not possible the worker goes on, and it gets stale."""
        try:
            refresh(self._file, healthy=healthy)
        except OSError as error:
            if not self._file_error:
                self._log.warning("the health file cannot be changed", reason=str(error))
            self._file_error = str(error)
        else:
            self._file_error = ""


def _readiness(state: LinkState) -> tuple[bool, int, int]:
    """What has to be another for a worker to say again that it is ready."""
    return state.condition is LinkCondition.CONSUMING and not state.blocked, state.session, len(state.missing)


def refresh(file: Path | None, *, healthy: bool) -> None:
    """Make the file fresh, or take it away. Raises OSError."""
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


def main(file: Path) -> int:
    """Say by the exit code whether the worker is healthy: 0 if so. Whoever may not look is told so."""
    if not os.access(file.parent, os.X_OK):
        sys.stderr.write(f"{file.parent} is not there, or may not be looked into: nothing is known of the worker\n")
    return 0 if fresh(file) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "")))
