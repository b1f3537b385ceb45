"""Tests of `peering dead-letters`: what was set aside is seen, judged, and thrown away."""

from __future__ import annotations

import httpx

from tests.end_to_end.programs import LIMIT_SECONDS, Up, configured
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
