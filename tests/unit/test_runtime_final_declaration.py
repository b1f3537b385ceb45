"""Tests of the delayed final declaration of an end that came to rest without a word."""

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
            delivery
            for outcome in reversed(a.outcomes)
            for delivery in carried(outcome, a)
            if delivery.kind == KINDS.bundle
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


def test_a_busy_end_says_that_it_rests_when_it_is_quiet_or_when_it_must(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        rests(b, a)
        rested, told = b.now, said(b.run())
        while not told:
            told = said(b.run(b.asking(b.create(f"ri-{int(b.now * 10)}", a.information("ri-z"))), after=0.1))
        assert [message["status"] for message in told] == ["Activated"]
        assert 3.0 <= b.now - rested < 3.2


def test_looking_is_no_work_that_would_keep_an_end_from_saying_that_it_rests(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        rests(b, a)
        looked = [b.run(b.asking({"kind": "show", "interface": "ri-b"}), after=0.1) for _ in range(3)]
        assert [len(said(outcome)) for outcome in looked] == [0, 0, 1]


def test_a_timer_waits_for_what_arrived_before_it_ran_out(tmp_path: Path) -> None:
    """The answer may be there, unread: only what came later is no excuse."""
    with bench(tmp_path, "initiator", "a") as a:
        a.run(a.asking(a.create("ri-a", {**a.information("ri-b"), "endpoint": "vpc-b"}, initiate=True)))
        began = a.now
        assert said(a.processor.run([], began + 2.0, began, waiting_since=began + 0.1)) == []
        assert len(said(a.processor.run([], began + 2.0, began, waiting_since=began + 1.0))) == 1
