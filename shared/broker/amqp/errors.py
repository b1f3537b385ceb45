"""The client library says "cancelled" when it means "lost", and "bad frame" when the broker said why; not us.

Found by experiment with aio-pika 10.2.1 and aiormq 7.2.4:
- A call that waits when the heartbeat declares the connection dead raises CancelledError, though nobody cancelled the
  task; a task that lets it pass disappears without a word. `guarded` tells the two apart.
- A connection that the broker closes while it is opened (no such virtual host, no access to it, too many connections)
  raises InvalidFrameError with the code and the text in a local variable only. `refusal` fetches them.
- A connection that ends without an error rejects what waits on it with a bare `Exception`.
- A connection that is cut while it is opened raises an error whose causes form a circle.
"""

import asyncio
import logging
import ssl
import traceback
from collections.abc import Awaitable
from typing import Final, TypeVar

from aiormq import spec
from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ConnectionInternalError,
    InvalidFrameError,
    ProbableAuthenticationError,
)

T = TypeVar("T")

CLOSE_LIMIT_SECONDS: Final = 5.0
_ACCESS_REFUSED: Final = 403
_NOT_ALLOWED: Final = 530
_SHOWN_CHARACTERS: Final = 300


class BrokerRefused(RuntimeError):
    """The broker answers and says no: credentials, permissions, virtual host. Waiting does not cure it."""


class BrokerUnreachable(RuntimeError):
    """Nobody answers, or the connection broke; waiting may cure it."""


async def guarded(call: Awaitable[T]) -> T:
    """Await a call of the client library; raise BrokerUnreachable where it cancels a task that nobody cancelled."""
    try:
        return await call
    except asyncio.CancelledError as fault:
        task = asyncio.current_task()
        if task is not None and task.cancelling() == 0:
            raise BrokerUnreachable("the connection was lost") from fault
        raise


async def bounded(call: Awaitable[object], limit_seconds: float = CLOSE_LIMIT_SECONDS) -> str | None:
    """Await a farewell, within a limit; return what went wrong with it, which seldom interests anybody."""
    try:
        async with asyncio.timeout(limit_seconds):
            await guarded(call)
    except Exception as fault:  # noqa: BLE001 - of what is being left behind, any fault is the last one
        return explain(fault)
    return None


def silence_client_library() -> None:
    """Keep the client library's own log lines out: each trouble is told once, by the state of the link."""
    for name in ("aio_pika", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def refusal(fault: BaseException, shown_address: str) -> BrokerRefused | None:
    """Say whether waiting would be in vain, and why; None for trouble that may pass."""
    if isinstance(fault, BrokerRefused):
        return fault
    if isinstance(fault, AuthenticationError | ProbableAuthenticationError):
        return BrokerRefused(f"{shown_address} refuses the login: {explain(fault)}")
    if isinstance(fault, ChannelAccessRefused):
        return BrokerRefused(f"{shown_address} refuses access: {explain(fault)}")
    if _is_certificate_fault(fault):
        return BrokerRefused(f"{shown_address} has no certificate that is trusted here: {explain(fault)}")
    farewell = _connection_close(fault)
    if farewell is not None and _is_final(farewell):
        return BrokerRefused(f"{shown_address} refuses the connection: {farewell.reply_text}")
    return None


def is_brokers_own(fault: BaseException | None) -> bool:
    """Whether the broker closed the connection because something of its own is broken (541)."""
    return isinstance(fault, ConnectionInternalError)


def explain(fault: BaseException | None) -> str:
    """Say in one sentence what happened."""
    farewell = _connection_close(fault)
    if farewell is not None:
        return f"the broker closed the connection: {farewell.reply_code} {farewell.reply_text}"
    if fault is None or isinstance(fault, asyncio.CancelledError):
        return "the connection was lost"
    if isinstance(fault, TimeoutError):
        return "the broker did not answer in time"
    said = " ".join(str(part) for part in fault.args) if isinstance(fault, AMQPError) else str(fault)
    return (said or type(fault).__name__)[:_SHOWN_CHARACTERS]


def _is_final(farewell: spec.Connection.Close) -> bool:
    """A virtual host that is missing stays missing; a limit of connections frees itself."""
    if farewell.reply_code == _ACCESS_REFUSED:
        return True
    return farewell.reply_code == _NOT_ALLOWED and "limit" not in (farewell.reply_text or "")


def _is_certificate_fault(fault: BaseException | None) -> bool:
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return True
        seen.add(id(fault))
        fault = fault.__cause__ or fault.__context__
    return False


def _connection_close(fault: BaseException | None) -> spec.Connection.Close | None:
    """Find the frame behind an InvalidFrameError, which shows its class and not its content."""
    if not isinstance(fault, InvalidFrameError):
        return None
    for frame, _ in traceback.walk_tb(fault.__traceback__):
        received = frame.f_locals.get("frame")
        if isinstance(received, spec.Connection.Close):
            return received
    return None
