"""The worker program of an endpoint that is the acceptor: `python -m acceptor`."""

import sys

from acceptor.handshake import ACCEPTOR, step
from shared.runtime.main import run

if __name__ == "__main__":
    sys.exit(run(ACCEPTOR, step))
