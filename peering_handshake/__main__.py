"""The launcher of `peering`: it puts the folder of the programs first on the path of this process, and of no other.

In an installation the programs lie inside this package, where nobody imports them; in a clone, beside it.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.util import find_spec

TYPE_CHECKING = False  # `typing` and `pathlib` take longer to import than most commands take
if TYPE_CHECKING:
    from typing import NoReturn

_HERE = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
_INSIDE = f"{_HERE}/_programs"
PROGRAMS = _INSIDE if os.path.isdir(_INSIDE) else os.path.dirname(_HERE)  # noqa: PTH112, PTH120

NEEDED = (
    *("aio_pika", "fastapi", "h11", "httpx", "prometheus_client", "pydantic", "pydantic_settings", "yaml", "rich"),
    *("setproctitle", "structlog", "typer", "typing_extensions", "uvicorn", "uvloop"),
)
"""What `[server]` installs, by the names that one imports."""

_COLLECTED_EVERY = 50_000
"""How many more objects there are before garbage is looked for: else imports look for it hundreds of times."""


def main() -> NoReturn:
    """Run one command; exit 2 with a sentence where nothing but the client is installed.

    Neither PYTHONPATH nor the current folder can put modules in front of the programs' own: where PYTHONPATH says
    something, Python is started anew without it. Its value stays, for the programs that a scenario starts.
    """
    if os.environ.get("PYTHONPATH") and not sys.flags.ignore_environment:
        os.execv(sys.executable, [sys.executable, "-E", "-P", __file__, *sys.argv[1:]])  # noqa: S606 - this very program
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.path.insert(0, PROGRAMS)
    from console.stack.forked_command import run_forked  # noqa: PLC0415 - it can be found only now

    code = run_forked(sys.argv[1:])
    if code is not None:
        sys.exit(code)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        sys.stderr.write(
            f"peering: the programs need packages that are not installed ({', '.join(missing)}): "
            "pip install 'peering-handshake[server]'\n"
        )
        sys.exit(2)
    gc.set_threshold(_COLLECTED_EVERY)
    from console.cli import main as run  # noqa: PLC0415 - it can be found only now

    run()


if __name__ == "__main__":
    main()
