"""The ladder by which a simulator is found: one that runs, or else one that is started for the length of a block.

1. `url` (and `token`), or the variables PEERING_CONSOLE_URL and PEERING_CONSOLE_TOKEN: one that runs.
2. Else a `peering up` of its own: what `pip install 'peering-handshake[server]'` brings. It has a private RabbitMQ, or
   a virtual host on one that `peering broker start` keeps warm in the folder that PEERING_WARM_BROKER names.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from peering_handshake.errors import NotStarted
from peering_handshake.talking import Access

START_LIMIT_SECONDS: Final = 180.0
"""How long a simulator may take until it is ready: RabbitMQ alone takes 5 s on an idle machine."""
ERROR_CHARACTERS: Final = 2000
STOP_LIMIT_SECONDS: Final = 60.0
REGION: Final = "cn-hangzhou"
_WARM_BROKER: Final = "PEERING_WARM_BROKER"
PROGRAM: Final = (sys.executable, "-E", "-P", str(Path(__file__).with_name("__main__.py")))
"""The launcher of `peering`, which neither the current folder nor PYTHONPATH reaches into."""


@contextmanager
def running(accounts: Sequence[str], url: str | None = None, token: str | None = None) -> Iterator[Access]:
    """Find a simulator, or run one with these accounts until the block ends. Raises NotStarted."""
    found = url or os.environ.get("PEERING_CONSOLE_URL")
    if found:
        yield Access(found.rstrip("/"), token or os.environ.get("PEERING_CONSOLE_TOKEN", ""))
        return
    with _started(accounts) as access:
        yield access


def topology(accounts: Sequence[str]) -> dict[str, Any]:
    """Make a topology: every account has a VPC that initiates, `vpc-UID`, and one that accepts, `vpc-UID-in`."""
    return {
        "accounts": [{"uid": uid} for uid in accounts],
        "endpoints": [
            {"id": f"vpc-{uid}{end}", "kind": "vpc", "account": uid, "region": REGION, "role": role}
            for uid in accounts
            for end, role in (("", "initiator"), ("-in", "acceptor"))
        ],
    }


@contextmanager
def _started(accounts: Sequence[str]) -> Iterator[Access]:
    """Run `peering up` in a folder of its own until the block ends. Raises NotStarted.

    Ctrl-C reaches us alone, who end it when all that uses it has ended. It ends by itself if we are killed.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("PEERING_")}
    if warm := os.environ.get(_WARM_BROKER):
        own[_WARM_BROKER] = os.path.abspath(warm)  # noqa: PTH100 - not resolved: it is passed on as it was named
    with tempfile.TemporaryDirectory(prefix="peering-") as folder:
        file = Path(folder, "topology.json")
        file.write_text(json.dumps(topology(accounts)), encoding="utf-8")
        options = ("--folder", str(Path(folder, "run")), "--listen", "127.0.0.1:0", "--until-input-ends", "--json")
        with (
            Path(folder, "errors").open("w+", encoding="utf-8") as errors,
            subprocess.Popen(  # noqa: S603 - our own program, with our own words
                [*PROGRAM, "up", str(file), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env=own,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            said: queue.Queue[dict[str, Any]] = queue.Queue()
            reader = threading.Thread(target=_read, args=(process.stdout, errors, said), daemon=True, name="peering up")
            reader.start()
            try:
                ready = _until_ready(said)
                yield Access(ready["url"], ready["token"])
            finally:
                process.terminate()
                try:
                    process.wait(STOP_LIMIT_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                reader.join(STOP_LIMIT_SECONDS)


def _read(stream: IO[str], errors: IO[str], said: queue.Queue[dict[str, Any]]) -> None:
    """Read all that it says, to its end, so that it never waits for us; pass on whether it is ready."""
    for line in stream:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "ready" or event.get("outcome") == "failed":
            said.put(event)
    errors.seek(0)
    said.put({"code": "NotReady", "sentence": errors.read()[-ERROR_CHARACTERS:].strip() or "it ended."})


def _until_ready(said: queue.Queue[dict[str, Any]]) -> dict[str, Any]:
    """Wait until it says that it is ready. Raises NotStarted."""
    try:
        first = said.get(timeout=START_LIMIT_SECONDS)
    except queue.Empty:
        raise NotStarted("NotReady", f"`peering up` was not ready after {START_LIMIT_SECONDS:g} s.") from None
    if first.get("event") != "ready":
        raise NotStarted(str(first["code"]), f"`peering up` did not start: {first['sentence']}")
    return first
