"""Tests of the one helper that may sleep, `tests/waiting.py`."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.waiting import NeverHappenedError, wait_for, wait_for_blocking


async def test_it_returns_the_first_value_that_is_accepted() -> None:
    numbers = iter(range(100))
    assert await wait_for(lambda: next(numbers), 5, until=lambda number: number == 3) == 3
    assert next(numbers) == 4


async def test_it_awaits_a_coroutine_function() -> None:
    answers = iter(["", "", "up"])

    async def look() -> str:
        return next(answers)

    assert await wait_for(look, 5) == "up"


async def test_it_fails_with_the_last_value_seen() -> None:
    with pytest.raises(NeverHappenedError, match=r"(?s)for: the link.*last seen: 'Connecting'"):
        await wait_for(lambda: "Connecting", 0.02, until=lambda status: status == "Activated", what="the link")


async def test_it_names_a_condition_that_nobody_named() -> None:
    with pytest.raises(NeverHappenedError, match=r"lambda: 0 \* 7"):
        await wait_for(lambda: 0 * 7, 0.01)


async def test_it_ends_a_look_that_hangs() -> None:
    async def hang() -> bool:
        return await asyncio.Event().wait()

    with pytest.raises(NeverHappenedError, match="it never returned"):
        await wait_for(hang, 0.02)


async def test_only_what_is_forgiven_counts_as_not_yet() -> None:
    def refused() -> bool:
        raise ConnectionRefusedError("nobody listens")

    with pytest.raises(NeverHappenedError, match="nobody listens"):
        await wait_for(refused, 0.02, forgive=(ConnectionError,))
    with pytest.raises(ConnectionRefusedError):
        await wait_for(refused, 5)


def countdown() -> Iterator[int]:
    yield from (2, 1, 0)


def test_it_waits_without_an_event_loop() -> None:
    numbers = countdown()
    assert wait_for_blocking(lambda: next(numbers), 5, until=lambda number: number == 0) == 0
    with pytest.raises(NeverHappenedError, match="last seen: None"):
        wait_for_blocking(lambda: None, 0.01, what="anything")
    with pytest.raises(StopIteration):
        wait_for_blocking(lambda: next(numbers), 5)
