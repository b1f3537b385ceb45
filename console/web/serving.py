"""The HTTP server: it serves a site on a socket that was bound before."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import uvicorn
from starlette.types import ASGIApp

from console.client import Unanswered
from console.faults.remote import told
from console.stack.stack import Stack
from console.topology import Context
from console.web.access_token import FILE_NAME as TOKEN_FILE
from console.web.access_token import token_in
from console.web.app import make_app
from console.web.cloud.cloud import cloud_of
from console.web.cloud.records import Key
from console.web.cloud.store import FILE_NAME as KEYS_FILE
from console.web.connections import BoundedConnection
from console.web.listening import BACKLOG, url_of
from console.web.peering.world_keeping import ByToken, open_worlds
from console.web.site import open_site

FAREWELL_SECONDS: Final = 2
"""How long open requests may take to end; a page that listens for events would stay for ever."""
IDLE_SECONDS: Final = 75
"""How long a connection stays open for its client's next request: longer than clients wait between two.

Else one is sent into a connection that is being closed, which a client must not try again (Terraform asks every 5 s).
"""

_DATE_SECONDS: Final = 1.0


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the command that runs it, which has other things to end as well."""

    def __init__(self, config: uvicorn.Config) -> None:
        """It serves until `over`."""
        super().__init__(config)
        self.over = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield

    async def main_loop(self) -> None:
        """Keep the date of answers right, once a second, until the end: uvicorn wakes ten times as often."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), _DATE_SECONDS)


class Access(NamedTuple):
    """The address of the server, with its token and the access keys of the cloud's API, which are secrets.

    `mended` are the wires that led through a console that was killed, and are whole again.
    """

    url: str
    token: str
    token_file: Path
    keys: Sequence[Key]
    keys_file: Path
    mended: Sequence[str] = ()

    @property
    def page(self) -> str:
        """The address for a browser, which brings the token."""
        return f"{self.url}/?token={self.token}"


@asynccontextmanager
async def web(  # noqa: PLR0913 - what comes after the star has a default
    context: Context,
    folder: Path,
    listening: socket.socket,
    own_host: str,
    *,
    stack: Stack | None = None,
    administrator: str = "",
) -> AsyncIterator[Access]:
    """Serve the cloud's API and the page on a bound socket until the block ends. Raises TokenRefused or StoreError."""
    token, url = token_in(folder), url_of(listening)
    async with (
        open_site(context, folder, stack, administrator) as site,
        cloud_of(site) as cloud,
        open_worlds(stack, partial(make_app, own_host=own_host)) as worlds,
        serving(ByToken(make_app(site, token, cloud, own_host, worlds), worlds), listening),
    ):
        mended: Sequence[str] = ()
        with contextlib.suppress(Unanswered):  # the broker is away; whoever clears the faults tries it again
            mended = await site.faults.mend()
        with told(folder, url, token):
            yield Access(url, token, folder / TOKEN_FILE, cloud.keys(), folder / KEYS_FILE, mended)


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an app on a socket until the block ends."""
    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        ws="none",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=FAREWELL_SECONDS,
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve([listening]), name="web")
    try:
        yield
    finally:
        server.should_exit = True
        server.over.set()
        await task
