"""The worker that a message ends: it sends itself SIGKILL in the batch in which it handles the word `POISON`.

`python -m tests.integration.poisoned FLAGS…` runs the shipped initiator's worker otherwise. A machine that runs out of
memory over a batch, or a library that crashes, ends a worker in the same way.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from initiator.handshake import INITIATOR, step
from shared.runtime.batch import BatchResult
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.main import run
from shared.runtime.processor import Processor

POISON = b"a poisonous name"


def load() -> None:
    """Put the crash into the shipped class, before anything of the batch is durable."""
    run_batch = Processor.run

    def poisoned_run(
        self: Processor,
        deliveries: Sequence[IncomingDelivery],
        now: float,
        at: float,
        waiting_since: float | None = None,
    ) -> BatchResult:
        if any(POISON in one.body for one in deliveries):
            os.kill(os.getpid(), signal.SIGKILL)
        return run_batch(self, deliveries, now, at, waiting_since)

    Processor.run = poisoned_run  # type: ignore[method-assign]


if __name__ == "__main__":
    load()
    sys.exit(run(INITIATOR, step))
