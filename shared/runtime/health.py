"""Being alive is no sign of health: a worker is healthy while it is connected and consuming, and says so in a file.

`python -m shared.runtime.health FILE` exits 0 if the file is fresh, else 1: for container health checks.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

REFRESH_SECONDS = 5.0
STALE_SECONDS = 15.0


def refresh(file: Path | None, *, healthy: bool) -> None:
    """Say that all is well, or take it back."""
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
