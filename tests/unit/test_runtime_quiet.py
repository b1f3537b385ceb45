"""An end that came to rest without a word says so a moment later, or the peer's owner sees the past forever."""

from __future__ import annotations

from pathlib import Path

from shared.wire.request import KINDS
from tests.unit.runtime_bench import Bench, bench, carried, connected, said, talk


def rests(waiting: Bench, asking: Bench) -> None:
    """Bring the waiting end to rest, without the moment in which it says so."""
    waiting.ask(waiting.create("ri-b", asking.information("ri-a")))
    opened = asking.run(asking.asking(asking.create("ri-a", waiting.information("ri-b"), initiate=True)))
    accepted = waiting.run(*carried(opened, asking))
    confirmed = asking.run(*carried(accepted, waiting))
    assert [message["status"] for message in said(confirmed)] == ["Activated"]
    rested = waiting.run(*carried(confirmed, asking))
    assert said(rested) == []
    assert waiting.show("ri-b")["status"] == "Activated"


def test_an_end_at_rest_says_so_once(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        rests(b, a)
        assert said(b.run(after=0.2)) == []
        assert [message["status"] for message in said(b.run(after=0.1))] == ["Activated"]
        assert said(b.run(after=5)) == []


def test_hearing_something_twice_does_not_keep_an_end_from_saying_that_it_rests(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        rests(b, a)
        confirmation = next(
            letter for outcome in reversed(a.outcomes) for letter in carried(outcome, a) if letter.kind == KINDS.bundle
        )
        assert said(b.run(confirmation)) == []
        assert [message["status"] for message in said(b.run(after=0.3))] == ["Activated"]


def test_a_restart_does_not_keep_an_end_from_saying_that_it_rests(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a:
        with bench(tmp_path, "acceptor", "b") as b:
            rests(b, a)
        with bench(tmp_path, "acceptor", "b", nonce=2) as b:
            talk(b, a, b.run())
        assert a.show("ri-a")["peer"]["status"] == "Activated"


def test_a_restart_says_nothing_about_what_was_said_long_ago(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a:
        with bench(tmp_path, "acceptor", "b") as b:
            connected(a, b)
            b.now += 60
            b.ask(b.create("ri-z"))
        with bench(tmp_path, "acceptor", "b", nonce=2) as b:
            assert said(b.run()) == []
