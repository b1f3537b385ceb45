"""The warm broker: a private RabbitMQ that outlives the command which started it, until its time is over.

It belongs to a keeper, a process of its own that ends when it is told to or when its time is over, and the broker ends
with the keeper as any private broker ends with its program. Nothing but `start` begins one. Its folder is its owner's
alone, and holds how to administrate it for as long as it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from console.stack.die_with_parent import inherited_environment
from console.stack.errors import StackError, StackRefused
from console.stack.forking import OWN_MODULES
from console.stack.own_broker import ADMINISTRATOR, BROKER, keep_alive, start
from console.stack.private_folder import in_use, marked_folder, only_user, shown, usable, write_private
from console.stack.stop_signals import on_stop_signal
from console.stack.supervised import State
from shared.broker.control import administrator_url
from shared.broker.embedded import PrivateBroker
from shared.broker.errors import BrokerNotStarted
from shared.broker.topology import Account, definitions

FOLDER: Final = Path(".peering-broker")
_FILE: Final = "warm.json"
_OUTPUT: Final = "keeper.log"
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
_LOOK_SECONDS: Final = 0.05
_STOP_LIMIT_SECONDS: Final = 30.0


class Warm(BaseModel):
    """A warm broker that runs: where, as what, and until when in seconds since 1970. `administrator` is a secret."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    address: str
    kind: str
    administrator: str
    until: float
    keeper: int


def warm_broker(folder: Path) -> Warm | None:
    """Find the warm broker of a folder; None if none runs there. Raises StackRefused for a folder that is not ours."""
    if not (folder / _FILE).exists():
        return None
    marked_folder(folder)
    with usable(folder):
        if not in_use(folder):
            return None
        try:
            return Warm.model_validate_json((folder / _FILE).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None


async def start_warm(folder: Path, seconds: float) -> Warm:
    """Start a keeper with its broker, and return when that takes connections. Raises StackRefused."""
    if (warm := warm_broker(folder)) is not None:
        until = time.strftime("%H:%M:%S", time.localtime(warm.until))
        raise StackRefused(f"a broker is warm in {shown(folder)} already, until {until}: stop that one first")
    keeper = _spawn(folder, seconds)
    try:
        while keeper.poll() is None:
            if (warm := warm_broker(folder)) is not None and warm.keeper == keeper.pid:
                return warm
            await asyncio.sleep(_LOOK_SECONDS)
    except BaseException:  # whoever is interrupted leaves nothing behind
        keeper.terminate()
        raise
    raise StackRefused(f"no broker was started: {(folder / _OUTPUT).read_text(errors='replace').strip()}")


def _spawn(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Start a keeper in a session of its own, so that no terminal's end ends it."""
    marked_folder(folder)
    command = [sys.executable, "-P", "-m", "console.stack.warm", str(folder.absolute()), str(seconds)]
    with usable(folder), os.fdopen(os.open(folder / _OUTPUT, _NEW, 0o600), "wb") as output:
        return subprocess.Popen(  # noqa: S603 - this program
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**inherited_environment(), **OWN_MODULES},
            start_new_session=True,
        )


async def stop_warm(folder: Path) -> Warm | None:
    """Stop the warm broker of a folder, and return it as it was; None if there was none. Raises StackRefused."""
    if (warm := warm_broker(folder)) is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(warm.keeper, signal.SIGTERM)
    until = time.monotonic() + _STOP_LIMIT_SECONDS
    while in_use(folder):
        if time.monotonic() > until:
            raise StackRefused(f"process {warm.keeper} does not end: it keeps the broker in {shown(folder)}")
        await asyncio.sleep(_LOOK_SECONDS)
    return warm


async def keep(folder: Path, seconds: float) -> None:
    """Keep a broker until its time is over or this process is told to end. Raises StackError or BrokerNotStarted."""
    marked_folder(folder)
    ended = asyncio.Event()
    with only_user(folder, "`peering broker`"), on_stop_signal(ended.set):
        password = secrets.token_urlsafe(24)
        document = definitions([], [], Account(ADMINISTRATOR, password), salt=secrets.token_bytes(4))
        own = await start(folder / BROKER, document, lambda _: None)
        try:
            warm = Warm(
                address=f"amqp://{own.host}:{own.amqp_port}",
                kind="private" if isinstance(own, PrivateBroker) else "a container",
                administrator=administrator_url(own.management_url, ADMINISTRATOR, password),
                until=time.time() + seconds,
                keeper=os.getpid(),
            )
            write_private(folder / _FILE, warm.model_dump_json())
            keeping = asyncio.create_task(keep_alive(own, _said))
            await asyncio.wait(
                {keeping, asyncio.create_task(ended.wait())}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            keeping.cancel()
        finally:
            (folder / _FILE).unlink(missing_ok=True)
            await asyncio.to_thread(own.kill)


def _said(state: State, reason: str) -> None:
    """Note in the keeper's log that the broker ended or came back."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {state} {reason}\n")


if __name__ == "__main__":
    try:
        asyncio.run(keep(Path(sys.argv[1]), float(sys.argv[2])))
    except (StackError, BrokerNotStarted) as error:
        sys.exit(str(error))
