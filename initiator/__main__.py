"""The process that may initiate is an ordinary worker with one more thing it can be told."""

import sys

from initiator.handshake import INITIATOR, step
from shared.runtime.main import run

if __name__ == "__main__":
    sys.exit(run(INITIATOR, step))
