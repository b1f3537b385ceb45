"""The worker program of an endpoint that is the initiator: `python -m initiator`."""

import sys

from initiator.handshake import INITIATOR, step
from shared.runtime.main import run

if __name__ == "__main__":
    sys.exit(run(INITIATOR, step))
