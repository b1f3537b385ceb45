"""The bounds on connections: how many there are, and for how long one may keep the server waiting for its client.

uvicorn waits for ever for a request's headers and its body, and for a client to read its answer, and takes every
connection that comes; each costs a file descriptor, and without any left no worker can be started. So a connection
that is slow is closed, and beyond the limit the one that has kept waiting longest makes room for the new one.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_SECONDS: Final = 10.0
"""How long a request's headers may take, from its connection or from its first byte on."""
BODY_SECONDS: Final = 30.0
"""How long its body may take after that."""
ANSWER_SECONDS: Final = 30.0
"""How long its client may read nothing of what is written to it, be it an answer or a stream of events."""
UNREAD_LIMIT_BYTES: Final = 1_048_576
"""How much of a body may come after its answer, so that a client which sends first and reads then gets to read it."""
CONNECTIONS_LIMIT: Final = 256
_SHARE: Final = 4
"""One descriptor of so many may be a connection; the others are for brokers, stores and processes."""

_READING: Final = "reading"
"""Besides h11's states: the client has not read what is written to it, and no more is written."""

_SECONDS: Final[dict[Any, float]] = {
    h11.IDLE: HEADERS_SECONDS,
    h11.SEND_BODY: BODY_SECONDS,
    _READING: ANSWER_SECONDS,
}


class BoundedConnection(H11Protocol):
    """One HTTP connection, with a limit on each wait for its client."""

    _awaited: Any = None
    since: float = 0.0
    _limit: asyncio.TimerHandle | None = None
    _unread: int = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Take a connection, and make room for it."""
        super().connection_made(transport)
        self._wait()
        there = [one for one in self.connections if not one.transport.is_closing()]
        if len(there) > connections_limit():
            waiting = [one for one in there if isinstance(one, BoundedConnection) and one.waits]
            min(waiting, key=lambda one: one.since).transport.abort()  # this one waits, if no other does

    def data_received(self, data: bytes) -> None:
        """Take some bytes, and limit the wait for the next; and how many come after the answer."""
        super().data_received(data)
        self._wait()
        if self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete:
            self._unread += len(data)
            if self._unread > UNREAD_LIMIT_BYTES:
                self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._stop_waiting()

    def pause_writing(self) -> None:
        """Limit the wait for a client that does not read."""
        super().pause_writing()
        self._wait()

    def resume_writing(self) -> None:
        """Go on, now that it has read."""
        super().resume_writing()
        self._wait()

    @property
    def waits(self) -> bool:
        """Whether its client has a request to send or an answer to read, or sent the next request before its answer."""
        pipelined, _ = self.conn.trailing_data
        return self._awaits in _SECONDS or bool(pipelined)

    @property
    def _awaits(self) -> Any:  # noqa: ANN401 - h11's states are classes
        return _READING if self.flow.write_paused else self.conn.their_state

    def _wait(self) -> None:
        """Begin a limit when something else than before is awaited: headers, body, a reader, or nothing."""
        awaited = self._awaits
        if awaited is not self._awaited:
            self._stop_waiting()
            self._awaited, self.since = awaited, self.loop.time()
            if awaited in _SECONDS:
                self._limit = self.loop.call_later(_SECONDS[awaited], self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def connections_limit() -> int:
    """Tell how many connections there may be, with the descriptors that this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS_LIMIT if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS_LIMIT, soft // _SHARE))
