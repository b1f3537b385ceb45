"""Unit tests of more queues for replies: who gets them, and what is said where there are no more."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from console.client.sessions import Connection, Sessions
from console.stack import reply_queues
from console.stack.answering import answer_request
from console.stack.errors import StackRefused
from console.stack.stack import Stack
from console.topology import AccountSection
from shared.broker.errors import NoFreeSlot
from tests.waiting import wait_for


def stack_of(administrator: str) -> Stack:
    accounts = (AccountSection(uid="alice"),)
    broker = SimpleNamespace(administrator=administrator, placed=lambda document: document)
    return cast("Stack", SimpleNamespace(topology=SimpleNamespace(accounts=accounts), broker=broker))


@pytest.fixture
def provisioned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The definitions that the broker was given."""
    given: list[Any] = []

    async def provision(_: str, document: object) -> None:
        given.append(document)

    monkeypatch.setattr(reply_queues, "provision", provision)
    return given


@pytest.mark.parametrize(("present", "made"), [(8, range(8, 16)), (60, range(60, 64))])
async def test_an_account_gets_some_more_but_no_more_than_it_may_have(
    provisioned: list[Any], present: int, made: range
) -> None:
    await reply_queues.add_reply_queues(stack_of("http://a:b@localhost"), "alice", present)
    assert [one["name"] for one in provisioned[0]["queues"]] == [f"peering.console.alice.{slot}" for slot in made]
    assert {one["source"] for one in provisioned[0]["bindings"]} == {"peering.x.alice"}


@pytest.mark.parametrize(
    ("administrator", "account", "present", "said"),
    [
        ("http://a:b@localhost", "alice", 64, "at most 64 queues"),
        ("http://a:b@localhost", "alice", -1, "at most 64 queues"),
        ("http://a:b@localhost", "mallory", 8, "account mallory"),
        ("", "alice", 8, "cannot make more"),
    ],
)
async def test_whoever_gets_no_more_hears_why(
    provisioned: list[Any], administrator: str, account: str, present: int, said: str
) -> None:
    with pytest.raises(StackRefused, match=said):
        await reply_queues.add_reply_queues(stack_of(administrator), account, present)
    request = {"do": "more-reply-queues", "account": account, "present": present}
    assert said in (await answer_request(stack_of(administrator), request))["sentence"]
    assert provisioned == []


async def test_where_no_up_runs_nothing_more_is_said(tmp_path: Path) -> None:
    assert await reply_queues.more_from(tmp_path)("alice", 8) is None


async def test_a_client_asks_for_more_and_tells_why_it_gets_none() -> None:
    class Full:
        async def open(self) -> str:
            raise NoFreeSlot("all 8 are in use", 8)

        async def close(self) -> None:
            """Nothing is open."""

    asked: list[int] = []

    async def more(present: int) -> str:
        asked.append(present)
        return "There are no more."

    sessions = Sessions(lambda *_: cast("Connection", Full()), lambda _: None, more)
    getting = asyncio.create_task(sessions.get())
    try:
        await wait_for(lambda: sessions.last_error == "all 8 are in use. There are no more.", 60.0)
    finally:
        getting.cancel()
        await asyncio.gather(getting, return_exceptions=True)
    assert asked[0] == 8
