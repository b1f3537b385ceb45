"""Lost, late and refused are three things, and the client library does not always say which."""

import asyncio
import random

import pytest
from aiormq import spec
from aiormq.exceptions import InvalidFrameError, ProbableAuthenticationError

from shared.broker.amqp.errors import bounded, explain, guarded, refusal
from shared.broker.backoff import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, STABLE_AFTER_SECONDS, Backoff
from shared.broker.errors import BrokerRefused, BrokerUnreachable


async def rejected_with_cancellation() -> None:
    """Wait on a future as a dead connection leaves it."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(asyncio.CancelledError())
    await future


async def test_a_cancellation_that_nobody_asked_for_is_a_lost_connection() -> None:
    with pytest.raises(BrokerUnreachable):
        await guarded(rejected_with_cancellation())


async def test_a_cancellation_that_somebody_asked_for_stays_one() -> None:
    task = asyncio.create_task(guarded(asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_stays_one() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await guarded(asyncio.Event().wait())


async def test_a_farewell_is_bounded_and_never_raises() -> None:
    assert await bounded(asyncio.Event().wait(), 0.001) == "the broker did not answer in time"
    assert await bounded(rejected_with_cancellation()) == "the connection was lost"
    assert await bounded(asyncio.sleep(0)) is None


def closed_while_opening(code: int, text: str) -> InvalidFrameError:
    """Fail as the client library does when the broker closes a connection that is being opened."""
    frame = spec.Connection.Close(code, text)

    def fail(frame: spec.Connection.Close) -> None:
        raise InvalidFrameError(f"Expected OpenOk, got {frame!r}")

    with pytest.raises(InvalidFrameError) as fault:
        fail(frame)
    return fault.value


@pytest.mark.parametrize(
    ("code", "text"), [(530, "NOT_ALLOWED - vhost nowhere not found"), (403, "ACCESS_REFUSED - no access")]
)
def test_the_brokers_own_words_are_found_behind_the_bad_frame(code: int, text: str) -> None:
    refused = refusal(closed_while_opening(code, text), "amqp://h")
    assert isinstance(refused, BrokerRefused)
    assert text in str(refused)


def test_too_many_connections_may_pass() -> None:
    fault = closed_while_opening(530, "NOT_ALLOWED - connection refused for user 'a': user connection limit (4)")
    assert refusal(fault, "amqp://h") is None
    assert "user connection limit" in explain(fault)


def test_a_refused_login_is_final_and_a_lost_connection_is_not() -> None:
    assert refusal(ProbableAuthenticationError("ACCESS_REFUSED"), "amqp://h")
    assert refusal(ConnectionResetError("reset"), "amqp://h") is None
    assert refusal(TimeoutError(), "amqp://h") is None


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (None, "the connection was lost"),
        (asyncio.CancelledError(), "the connection was lost"),
        (TimeoutError(), "the broker did not answer in time"),
        (ConnectionRefusedError("nobody there"), "nobody there"),
        (Exception(), "Exception"),
    ],
)
def test_every_fault_is_a_sentence(fault: BaseException | None, sentence: str) -> None:
    assert explain(fault) == sentence


def test_pauses_grow_up_to_a_bound_and_begin_again_after_a_stable_session() -> None:
    class Largest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            assert a == 0
            return b

    pauses = Backoff(draw=Largest())
    drawn = [pauses.next(0) for _ in range(10)]
    assert drawn[:3] == [FIRST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2, FIRST_PAUSE_SECONDS * 4]
    assert drawn[-1] == LONGEST_PAUSE_SECONDS
    assert pauses.next(STABLE_AFTER_SECONDS) == FIRST_PAUSE_SECONDS


def in_a_circle() -> ConnectionError:
    """Make a fault that was caused by what it caused, as aiormq does when a connection is cut while it is opened."""
    first, second = ConnectionResetError("cut"), ConnectionError("while closing")
    first.__cause__, second.__context__ = second, first
    return first


@pytest.mark.timeout(60)
def test_a_fault_that_was_caused_by_itself_is_looked_at_once() -> None:
    assert refusal(in_a_circle(), "broker") is None
