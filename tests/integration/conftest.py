"""The fixtures of all integration tests: one broker serves them all, and no task outlasts its test."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.integration.article_cast import alice, bob, cast
from tests.integration.broker_ladder import broker, pytest_report_header, two

__all__ = ["alice", "bob", "broker", "cast", "nothing_left_running", "pytest_report_header", "two"]

ROUNDS = 20
"""How often a task that ends may leave another one behind: the client library takes two such steps at most."""


@pytest.fixture(autouse=True)
async def nothing_left_running() -> AsyncIterator[None]:
    """End what a test left running, and what that begins while it ends.

    The end of an event loop cancels its tasks once. The client library's end of a connection begins another task by
    then, which would be destroyed in the middle of some later test, and that one would fail.
    """
    yield
    rounds = 0
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        assert rounds < ROUNDS, f"these don't end: {left}"
        rounds += 1
        for task in left:
            task.cancel()
        await asyncio.wait(left)
