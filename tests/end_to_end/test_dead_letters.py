"""Tests of `peering dead-letters`: what was set aside is seen, judged, and thrown away."""

from __future__ import annotations

import asyncio

import httpx

from console.topology import find_context
from shared.broker.messages import Delivery, PublishResult
from shared.broker.names import endpoint_queue
from shared.protocol.messages import Claims, Declare
from shared.protocol.words import Epoch, Intent, Kind, Status
from shared.wire.bundle import Addressed, Bundle, write_bundle
from shared.wire.request import KINDS
from tests.end_to_end.programs import LIMIT_SECONDS, Up, configured
from tests.integration.broker_ladder import Heard, linked
from tests.waiting import wait_for_blocking


def test_a_delivery_that_was_set_aside_is_listed_shown_and_dropped(up: Up) -> None:
    terminal = up.terminal
    assert terminal.done("dead-letters", "list")["dead_letters"] == []
    configured(terminal, "ri-a", "ri-b")
    terminal.done("fault", "add", "corrupt", "--interface", "ri-a", "--from", "vpc-alice", "--times", "1")
    terminal.done("initiate", "ri-a")
    (one,) = wait_for_blocking(lambda: terminal.done("dead-letters", "list")["dead_letters"], LIMIT_SECONDS)
    assert (one["sender"], one["endpoint"], one["set_aside_by"]) == ("alice", "vpc-bob", "bob")
    assert (one["proven"], one["replay"]) == (True, "StillUnreadable")
    terminal.both_show("Activated", "ri-a", "ri-b")

    shown = terminal.done("dead-letters", "show", one["id"])
    assert (shown["code"], bool(shown["body"])) == (one["code"], True)
    refused = terminal.type("dead-letters", "replay", one["id"])
    assert (refused["exit"], refused["code"]) == (1, "StillUnreadable")
    foreign = httpx.delete(f"{up.url}/_peering/dead-letters", timeout=LIMIT_SECONDS)
    assert foreign.status_code == httpx.codes.UNAUTHORIZED
    assert terminal.done("dead-letters", "drop", one["id"])["dropped"] == 1
    assert terminal.done("dead-letters", "list") == {"dead_letters": [], "more": 0, "exit": 0}
    unknown = terminal.type("dead-letters", "show", one["id"])
    assert (unknown["exit"], unknown["code"]) == (1, "UnknownDeadLetter")


def set_aside_by_bob(up: Up, body: bytes) -> None:
    """Put into the dead letters what Alice's worker said, as Bob's worker does when handling it went wrong."""
    queue = endpoint_queue("bob", "vpc-bob", "alice")
    came = Delivery(
        queue.name, queue.exchange, "alice", KINDS.bundle, body, None, None, "m", redelivered=False, tag=1, session=1
    )
    address = find_context(up.folder / "context.json", environment={}).login("bob")

    async def say() -> PublishResult:
        async with linked(address, "bob", Heard()) as bob:
            return await bob.set_aside(came, "OSError while it was handled")

    assert asyncio.run(say()) is PublishResult.CONFIRMED


def statuses(up: Up, interface: str) -> list[str]:
    """The statuses that an end has entered, in order."""
    entered = [row["status"] for row in up.terminal.done("timeline", interface)["rows"]]
    return [status for status, before in zip(entered, ["", *entered], strict=False) if status != before]


def test_one_whose_receiver_would_take_it_now_is_replayed_and_does_what_it_would_have_done(up: Up) -> None:
    terminal = up.terminal
    terminal.done("create", "--endpoint", "vpc-bob", "--id", "ri-waits")
    terminal.done("configure", "ri-waits", "--peer", "ri-says@vpc-alice")
    claims = Claims("ri-says", "vpc-alice", Kind.VPC, "alice", "cn-hangzhou")
    initiate = Declare(Epoch(1, 1), 1, Intent.UP, None, 0, 0, Status.CONNECTING, claims)
    said = Bundle("vpc-alice", "alice", "vpc-bob", 1, [Addressed("ri-says", "ri-waits", initiate)])
    set_aside_by_bob(up, write_bundle(said))
    (one,) = wait_for_blocking(lambda: terminal.done("dead-letters", "list")["dead_letters"], LIMIT_SECONDS)
    assert (one["sender"], one["set_aside_by"], one["code"], one["replay"]) == ("alice", "bob", "OwnError", None)
    assert one["would_be"] == "a bundle of vpc-alice: 1 Declare"
    assert statuses(up, "ri-waits") == ["Idle"]

    assert terminal.done("dead-letters", "replay", one["id"])["id"] == one["id"]
    wait_for_blocking(lambda: statuses(up, "ri-waits"), LIMIT_SECONDS, until=lambda seen: "Accepting" in seen)
    assert terminal.done("dead-letters", "list")["dead_letters"] == []
    again = terminal.type("dead-letters", "replay", one["id"])
    assert (again["exit"], again["code"]) == (1, "UnknownDeadLetter")
