"""Tests of an established connection, each from either end.

The second half of the article's table: the twelve statuses, suspending and resuming, sending, who is charged, deleting.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.end_to_end.asking import Console
from tests.end_to_end.stories import End, at_rest, both, connect, end
from tests.integration.article_cast import Cast, refusal_of

LINK_STATUSES = ["Activated", "Suspending", "Suspended", "Activating", "Activated"]
"""The article's table after the opening, the same at both ends."""


class Pair(NamedTuple):
    """An established connection, seen from the end that acts."""

    mine: End
    theirs: End


@pytest.fixture(params=["initiator", "acceptor"])
async def pair(request: pytest.FixtureRequest, alice: Console, bob: Console, cast: Cast) -> Pair:
    """Establish a connection; the end that acts is the one in the role of the test's name."""
    first, second = end(alice, cast.start), end(bob, cast.far)
    await connect(first, second)
    return Pair(first, second) if request.param == "initiator" else Pair(second, first)


# Row: every one of the twelve statuses is really entered, at both ends, in this order, and is durable.


async def test_the_twelve_statuses_are_entered_in_order_at_both_ends(pair: Pair) -> None:
    mine, theirs = pair
    await mine.do("suspend")
    await at_rest(mine, theirs, "Suspended")
    await mine.do("resume")
    await at_rest(mine, theirs, "Activated")
    openings = {"initiator": "Connecting", "acceptor": "Accepting"}
    for one in pair:
        assert await one.statuses() == ["Idle", openings[one.site.role], *LINK_STATUSES]
        assert all(row["was"] for row in (await one.timeline())[1:])


# Row: either end may suspend and resume.


async def test_either_end_may_suspend_and_resume(pair: Pair) -> None:
    mine, theirs = pair
    assert (await mine.do("suspend"))["status"] == "Suspending"
    await at_rest(mine, theirs, "Suspended")
    shown, seen = await mine.show(), await theirs.show()
    assert (shown["holds"], seen["holds"]) == (["own"], ["peer"])
    assert (shown["reason"], seen["reason"]) == ("Suspended by this end's owner.", "Suspended by the peer's owner.")
    assert (await mine.do("resume"))["status"] == "Activating"
    await at_rest(mine, theirs, "Activated")
    assert [(await one.show())["reason"] for one in pair] == [None, None]


async def test_the_end_that_holds_nothing_cannot_resume(pair: Pair) -> None:
    mine, theirs = pair
    assert await refusal_of(mine, "resume") == "IncorrectStatus"
    await mine.do("suspend")
    await at_rest(mine, theirs, "Suspended")
    assert await refusal_of(theirs, "resume") == "HeldByPeer"
    await theirs.do("suspend")
    await both(mine, theirs, status="Suspended", holds=["own", "peer"], reason="Suspended by both ends.")
    await mine.do("resume")
    await both(mine, theirs, status="Suspended")
    await theirs.until(holds=["own"])
    assert await refusal_of(mine, "resume") == "HeldByPeer"
    await theirs.do("resume")
    await at_rest(mine, theirs, "Activated")


# Row: after establishment no difference between the ends; both can send.


async def test_send_arrives_exactly_once_and_in_order(pair: Pair) -> None:
    mine, theirs = pair
    bodies = [f"payload {number}" for number in range(100)]
    sends = [{"kind": "send", "interface": mine.interface, "body": body} for body in bodies]
    assert (await mine.console.ask(mine.site.endpoint, *sends))["number"] == len(bodies)
    await theirs.do("send", body="and back")
    await both(mine, theirs, unacknowledged=0)
    assert await theirs.inbox() == bodies
    assert await mine.inbox() == ["and back"]


async def test_send_arrives_when_the_receiver_was_down_at_the_time(pair: Pair, cast: Cast) -> None:
    mine, theirs = pair
    worker = cast.workers[theirs.site]
    worker.kill()
    try:
        for body in ("while", "you were", "away"):
            await mine.do("send", body=body)
        assert (await mine.show())["unacknowledged"] == 3
    finally:
        worker.start()
    await mine.until(unacknowledged=0, status="Activated")
    assert await theirs.inbox() == ["while", "you were", "away"]


async def test_the_largest_payloads_arrive_however_their_characters_are_written(pair: Pair, cast: Cast) -> None:
    """All that may be on its way at once, in characters that take the most bytes, after the receiver was down."""
    mine, theirs = pair
    bodies = [chr(1) * 16_384, "\N{GRINNING FACE}" * 16_384] * 32
    worker = cast.workers[theirs.site]
    worker.kill()
    try:
        for start in range(0, len(bodies), 4):
            sends = [{"kind": "send", "interface": mine.interface, "body": body} for body in bodies[start : start + 4]]
            await mine.console.ask(mine.site.endpoint, *sends)
    finally:
        worker.start()
    await mine.until(unacknowledged=0)
    assert await theirs.inbox() == bodies


async def test_send_is_refused_while_not_activated(pair: Pair, alice: Console, cast: Cast) -> None:
    mine, theirs = pair
    await mine.do("suspend")
    await at_rest(mine, theirs, "Suspended")
    for one in pair:
        assert await refusal_of(one, "send", body="no") == "NotActivated"
    idle = end(alice, cast.start)
    await idle.create()
    assert await refusal_of(idle, "send", body="no") == "NotActivated"
    assert await theirs.inbox() == []


async def test_more_payloads_than_may_wait_are_refused_as_busy(pair: Pair, cast: Cast) -> None:
    mine, theirs = pair
    worker = cast.workers[theirs.site]
    worker.kill()
    try:
        sends = [{"kind": "send", "interface": mine.interface, "body": str(number)} for number in range(130)]
        answers = await mine.console.ask_all(mine.site.endpoint, *sends)
    finally:
        worker.start()
    assert [answer.get("code") for answer in answers] == [None] * 128 + ["Busy"] * 2
    await mine.until(unacknowledged=0)
    assert await theirs.inbox() == [str(number) for number in range(128)]


# Row: who is charged.


async def test_between_regions_the_initiator_is_charged(alice: Console, bob: Console, cast: Cast) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await connect(first, second)
    assert [(await one.show())["charged"] for one in (first, second)] == ["this end", "the peer"]


async def test_within_a_region_nobody_is_charged(alice: Console, cast: Cast) -> None:
    first, second = end(alice, cast.start), end(alice, cast.beside)
    await connect(first, second)
    assert [(await one.show())["charged"] for one in (first, second)] == ["nobody", "nobody"]


# Deleting either end tears the connection down; the other end shows its peer as deleted.


async def test_deleting_either_end_tears_the_connection_down(pair: Pair) -> None:
    mine, theirs = pair
    await mine.do("delete")
    await both(mine, theirs, status="Deleted")
    await theirs.until(reason_code="PeerDeleted")
    assert (await mine.show())["reason_code"] == "Deleted"
    assert (await mine.statuses())[-2:] == ["Deleting", "Deleted"]
    for one in pair:
        assert await refusal_of(one, "send", body="no") == "NotActivated"
    assert await refusal_of(theirs, "resume") == "PeerDeleted"
    await theirs.do("delete")
    await theirs.until(status="Deleted", reason_code="Deleted")
