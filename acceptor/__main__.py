"""The process that can only wait is an ordinary worker with one thing less it can be told."""

import sys

from acceptor.handshake import ACCEPTOR, step
from shared.runtime.main import run

if __name__ == "__main__":
    sys.exit(run(ACCEPTOR, step))
