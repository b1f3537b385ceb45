"""Tests of a long history: what is read of it is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import typer

from console.client.clients import Located
from console.commands.looking import since_time
from console.trace.model import Trace
from console.web.page.live import ROWS_KEPT, Follower
from shared.store.sqlite import TimelineEntry
from shared.wire import commands
from tests.unit.console_world import World
from tests.unit.peering_program import Peering, program
from tests.unit.runtime_bench import Bench, bench
from tests.unit.web_program import site_in, world_for_consoles
from tests.waiting import wait_for

ROWS = 50_000
SECONDS_APART = 2.0


@pytest.fixture
def peering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peering]:
    yield from program(tmp_path, monkeypatch)


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest.fixture
def a(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, "initiator", "a") as made:
        yield made


def live_long(peering: Peering) -> None:
    """Connect, and give both ends 50,000 rows, two seconds apart; the last of them now."""
    peering.connect()
    peering("wait", "ri-b", "--status", "Activated")
    now = time.time()
    for store, interface in zip(peering.world.stores[::2], ("ri-a", "ri-b"), strict=True):
        store.begin()
        for number in range(ROWS):
            at = now - (ROWS - number) * SECONDS_APART
            store.note(TimelineEntry(interface, at, "Activated", "Activated", f"step {number}", ""))
        store.commit()
    peering.world.requests.clear()
    peering.world.reply_bytes = 0


def test_a_timeline_shows_its_last_rows_and_says_how_many_there_are_before(peering: Peering) -> None:
    live_long(peering)
    shown = peering.json("timeline", "ri-a@vpc-a")
    assert [row["cause"] for row in shown["rows"]] == [f"step {number}" for number in range(ROWS - 100, ROWS)]
    assert shown["earlier"] == shown["rows"][0]["row"] - 1
    assert len(peering.world.requests) == 2, "one asks whether the interface is there"
    assert peering.world.reply_bytes < 50_000
    text = peering("timeline", "ri-a@vpc-a", "--last", "3")
    assert len(text.stdout.splitlines()) == 4
    assert f"{peering.world.stores[0].last_row - 3:,} earlier rows are not shown" in text.stderr


def test_a_timeline_since_a_time_reads_no_further_back(peering: Peering) -> None:
    live_long(peering)
    shown = peering.json("timeline", "ri-a@vpc-a", "--since", "30m")
    assert 880 < len(shown["rows"]) <= 900
    assert len(peering.world.requests) <= 1 + 2
    assert len(peering.json("timeline", "ri-a@vpc-a", "--since", "30m", "--last", "5")["rows"]) == 5
    assert not peering.json("timeline", "ri-a@vpc-a", "--since", "0")["rows"]
    assert "read on from a row" in peering("timeline", "ri-a", "--after", "1", "--last", "5", code=2).stderr


def test_a_timeline_after_a_row_is_read_on_as_before(peering: Peering) -> None:
    live_long(peering)
    page = peering.json("timeline", "ri-a@vpc-a", "--after", "10", "--limit", "700")
    assert ([row["row"] for row in page["rows"]], page["earlier"]) == (list(range(11, 711)), None)
    assert peering.json("timeline", "ri-a@vpc-a", "--limit", "2")["earlier"] == 0


def test_a_drawing_is_of_the_last_moments_and_says_what_it_leaves_out(peering: Peering, tmp_path: Path) -> None:
    live_long(peering)
    file = tmp_path / "drawn.json"
    told = peering.json("trace", "ri-a@vpc-a", "-o", str(file))
    moments = [len(end.moments) for end in Trace.model_validate_json(file.read_text()).ends]
    assert 400 <= sum(moments) <= 401, "moments of one time are drawn together"
    both = sum(store.last_row for store in peering.world.stores[::2])
    assert told["earlier"] == both - sum(moments)
    assert len(peering.world.requests) <= 2 + 2 * 2
    assert peering.world.reply_bytes < 400_000
    picture = tmp_path / "drawn.svg"
    assert "earlier moments are not drawn" in peering("trace", "ri-a@vpc-a", "-o", str(picture), "--since", "60").stderr
    assert picture.stat().st_size < 100_000


async def test_a_page_begins_with_the_last_rows_and_payloads(workers: World, tmp_path: Path) -> None:
    store = workers.stores[0]
    async with site_in(tmp_path) as site:
        await site.clients.one("vpc-a", commands.create("ri-a"))
        store.begin()
        for number in range(ROWS):
            store.note(TimelineEntry("ri-a", float(number), "Idle", "Idle", f"step {number}", ""))
            store.payloads.deliver("ri-a", 0.0, number, str(number))
        store.commit()
        workers.reply_bytes = 0
        end = Follower(Located("ri-a", "vpc-a"), site.clients, lambda: None)
        following = asyncio.create_task(end.follow())
        await wait_for(lambda: end.rows, 60, until=lambda rows: len(rows) == ROWS_KEPT)
        await end.look()
        following.cancel()
    assert end.rows[-1].cause == f"step {ROWS - 1}"
    assert [payload.body for payload in end.inbox] == [str(number) for number in range(ROWS - 5, ROWS)]
    assert workers.reply_bytes < 200_000


def test_rows_are_read_from_either_end_and_a_page_is_cut_at_the_other(a: Bench) -> None:
    a.ask(a.create("ri-a"), a.create("ri-b"))
    a.store.begin()
    for number in range(40):
        a.store.note(TimelineEntry("ri-a", 0.0, "Idle", "Idle", "step", f"{number} ".ljust(20_000, "x")))
    a.store.commit()
    read = {"kind": "timeline", "interface": "ri-a", "after": 0, "limit": 1000, "before": 2**40}
    page = a.ask(read)[0]["result"]
    numbers = [row["said"][0].split()[0] for row in page["rows"]]
    assert numbers == [str(number) for number in range(40 - len(numbers), 40)]
    assert 0 < len(numbers) < 40
    assert page["earlier"] == 41 - len(numbers)
    before = a.ask({**read, "before": page["rows"][0]["row"], "limit": 2})[0]["result"]
    assert before["rows"][-1]["row"] == page["rows"][0]["row"] - 1
    assert before["earlier"] == page["earlier"] - 2
    assert a.ask({**read, "after": page["rows"][-1]["row"]})[0]["result"] == {"rows": [], "next": 42, "earlier": 0}


def test_an_inbox_is_read_from_its_end_too(a: Bench) -> None:
    a.ask(a.create("ri-a"))
    a.store.begin()
    for number in range(1, 8):
        a.store.payloads.deliver("ri-a", 0.0, number, str(number))
    a.store.commit()
    read = {"kind": "inbox", "interface": "ri-a", "after": 2, "limit": 3, "before": 2**40}
    page = a.ask(read)[0]["result"]
    assert ([one["body"] for one in page["payloads"]], page["earlier"]) == (["5", "6", "7"], 2)


@pytest.mark.parametrize(("text", "ago"), [("90", 90), ("1.5s", 1.5), ("15m", 900), ("2h", 7200), ("3d", 259_200)])
def test_a_time_may_be_so_long_ago(text: str, ago: float) -> None:
    assert since_time(text) == pytest.approx(time.time() - ago, abs=30)


def test_a_time_may_be_of_the_clock_and_of_the_calendar() -> None:
    now = datetime.now().astimezone()
    for then in (now - timedelta(minutes=5), now - timedelta(hours=23)):
        assert since_time(f"{then:%H:%M:%S}") == int(then.timestamp())
    assert since_time("2026-01-31T18:30+00:00") == 1769884200
    assert since_time("2026-01-31") == datetime(2026, 1, 31).astimezone().timestamp()


@pytest.mark.parametrize("text", ["", "soon", "-5", "25:00", "1e9", "9" * 12])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time; right would be 90"):
        since_time(text)
