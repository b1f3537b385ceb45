"""The client library's errors, translated: what was lost, what was refused, and why, in one sentence.

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

from shared.broker.errors import BrokerRefused, BrokerUnreachable

T = TypeVar("T")

CLOSE_LIMIT_SECONDS: Final = 5.0
_ACCESS_REFUSED: Final = 403
_NOT_ALLOWED: Final = 530
_SHOWN_CHARACTERS: Final = 300


async def guarded(call: Awaitable[T]) -> T:
    """Await a call of the client library; raise BrokerUnreachable where it cancels a task that nobody cancelled."""
    try:
        return await call
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling() == 0:
            raise BrokerUnreachable("the connection was lost") from error
        raise


async def bounded(call: Awaitable[object], limit_seconds: float = CLOSE_LIMIT_SECONDS) -> str | None:
    """Await a farewell, within a limit; return what went wrong with it, which seldom interests anybody."""
    try:
        async with asyncio.timeout(limit_seconds):
            await guarded(call)
    except Exception as error:  # noqa: BLE001 - of what is being left behind, any error is the last one
        return explain(error)
    return None


def silence_client_library() -> None:
    """Keep the client library's own log lines out: each error is told once, by the state of the link."""
    for name in ("aio_pika", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def refusal(error: BaseException, shown_address: str) -> BrokerRefused | None:
    """The refusal that an error is; None for one that may pass by itself."""
    if isinstance(error, BrokerRefused):
        return error
    if isinstance(error, AuthenticationError | ProbableAuthenticationError):
        return BrokerRefused(f"{shown_address} refuses the login: {explain(error)}")
    if isinstance(error, ChannelAccessRefused):
        return BrokerRefused(f"{shown_address} refuses access: {explain(error)}")
    if _is_certificate_error(error):
        return BrokerRefused(f"{shown_address} has no certificate that is trusted here: {explain(error)}")
    farewell = _connection_close(error)
    if farewell is not None and _is_final(farewell):
        return BrokerRefused(f"{shown_address} refuses the connection: {farewell.reply_text}")
    return None


def translated(error: Exception, shown_address: str) -> BrokerRefused | BrokerUnreachable:
    """The refusal that an error is, or else a broker that can't be reached, in a sentence with its address."""
    return refusal(error, shown_address) or BrokerUnreachable(f"{shown_address} can't be reached: {explain(error)}")


def is_brokers_own(error: BaseException | None) -> bool:
    """Whether the broker closed the connection because something of its own is broken (541)."""
    return isinstance(error, ConnectionInternalError)


def explain(error: BaseException | None) -> str:
    """Say in one sentence what happened."""
    farewell = _connection_close(error)
    if farewell is not None:
        return f"the broker closed the connection: {farewell.reply_code} {farewell.reply_text}"
    if error is None or isinstance(error, asyncio.CancelledError):
        return "the connection was lost"
    if isinstance(error, TimeoutError):
        return "the broker did not answer in time"
    said = " ".join(str(part) for part in error.args) if isinstance(error, AMQPError) else str(error)
    return (said or type(error).__name__)[:_SHOWN_CHARACTERS]


def _is_final(farewell: spec.Connection.Close) -> bool:
    """A virtual host that is missing stays missing; a limit of connections frees itself."""
    if farewell.reply_code == _ACCESS_REFUSED:
        return True
    return farewell.reply_code == _NOT_ALLOWED and "limit" not in (farewell.reply_text or "")


def _is_certificate_error(error: BaseException | None) -> bool:
    """Whether the broker's certificate is not trusted here."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _connection_close(error: BaseException | None) -> spec.Connection.Close | None:
    """Find the frame behind an InvalidFrameError, which shows its class and not its content."""
    if not isinstance(error, InvalidFrameError):
        return None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        received = frame.f_locals.get("frame")
        if isinstance(received, spec.Connection.Close):
            return received
    return None
