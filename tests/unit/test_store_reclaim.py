"""The space of deleted interfaces: removed after a while, a slice at a time, until the file gets smaller."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from initiator.handshake import INITIATOR
from shared.protocol.interface import Interface
from shared.protocol.words import Intent
from shared.store import reclaim
from shared.store.reclaim import LIMITS_PAUSE_SECONDS, PAYLOADS_KEPT_SECONDS, TIMELINE_KEPT_SECONDS, Limits
from shared.store.sqlite import Store
from tests.unit.runtime_bench import bench, connected, talk
from tests.unit.test_store_migration import aged
from tests.unit.test_store_sqlite import OWN, entry, interface, keep, opened

START = 1_000_000.0
BODY = "x" * 16_384


def received(store: Store, name: str, count: int) -> None:
    """Let an interface receive payloads, each with a row of its timeline."""
    store.begin()
    for number in range(1, count + 1):
        store.payloads.deliver(name, START, number, BODY)
        store.note(entry(name, said="Data"))
    store.commit()


def deleted(name: str = "ri-a") -> Interface:
    return interface(name, version=2, intent=Intent.DELETED, open=False)


def reclaimed(store: Store, at: float) -> int:
    """Remove all that is due at that time; returns in how many slices."""
    slices = 1
    while (pause := store.reclaim(at)) is not None and pause < 1:
        slices, at = slices + 1, at + pause
    return slices


def left(store: Store, name: str) -> tuple[int, int]:
    """How many payloads and rows of the timeline there are still."""
    return len(store.payloads.inbox(name, 0, 100_000)), len(store.memory.timeline(name, 0, 100_000))


def test_nothing_is_removed_and_nothing_is_waited_for_while_nothing_is_deleted(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface())
        received(store, "ri-a", 3)
        commits = store.commits
        assert store.reclaim(START + 10 * TIMELINE_KEPT_SECONDS) is None
        assert (left(store, "ri-a"), store.commits) == ((3, 3), commits)


def test_payloads_go_first_and_the_timeline_later_and_nobody_elses(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface("ri-a"), interface("ri-b"))
        received(store, "ri-a", 5)
        received(store, "ri-b", 2)
        keep(store, deleted())
        assert store.reclaim(START) == pytest.approx(PAYLOADS_KEPT_SECONDS)
        assert store.reclaim(START + PAYLOADS_KEPT_SECONDS - 1) == pytest.approx(1.0)
        assert left(store, "ri-a") == (5, 5)
        reclaimed(store, START + PAYLOADS_KEPT_SECONDS)
        assert left(store, "ri-a") == (0, 5)
        reclaimed(store, START + TIMELINE_KEPT_SECONDS)
        assert (left(store, "ri-a"), left(store, "ri-b")) == ((0, 0), (2, 2))
        assert store.load("ri-a") == deleted()
        assert store.reclaim(START + 2 * TIMELINE_KEPT_SECONDS) is None


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface())
        received(store, "ri-a", 3)
        keep(store, deleted())
        store.reclaim(START)
    with opened(tmp_path / "store.sqlite") as store:
        reclaimed(store, START + PAYLOADS_KEPT_SECONDS)
        assert left(store, "ri-a") == (0, 3)


def test_the_places_of_the_timeline_go_on_after_its_end_was_removed(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface())
        received(store, "ri-a", 3)
        keep(store, deleted())
        store.reclaim(START)
        reclaimed(store, START + TIMELINE_KEPT_SECONDS)
    with opened(tmp_path / "store.sqlite") as store:
        assert store.last_row == 3


def test_the_file_gets_smaller_in_slices_of_a_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reclaim, "SLICE_ROWS", 50)
    path = tmp_path / "store.sqlite"
    with opened(path) as store:
        keep(store, interface())
        received(store, "ri-a", 1_000)
        keep(store, deleted())
        store.reclaim(START)
    before = path.stat().st_size
    assert before > 16_000_000
    with opened(path) as store:
        assert reclaimed(store, START + PAYLOADS_KEPT_SECONDS) >= 1_000 / 50
        assert path.stat().st_size < before / 3


def test_a_store_without_room_to_move_gives_its_space_back_when_it_is_opened_again(tmp_path: Path) -> None:
    """A file of 0.1.0 was made without the map that moving pages needs."""
    path = tmp_path / "store.sqlite"
    with opened(path) as store:
        keep(store, interface())
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA auto_vacuum=NONE")
        db.execute("VACUUM")
    db.close()
    with opened(path) as store:
        received(store, "ri-a", 1_000)
        keep(store, deleted())
        reclaimed(store, START)
        reclaimed(store, START + PAYLOADS_KEPT_SECONDS)
        assert left(store, "ri-a") == (0, 1_000)
    assert path.stat().st_size > 16_000_000
    with opened(path) as store:
        assert left(store, "ri-a") == (0, 1_000)
    assert path.stat().st_size < 2_000_000


def test_what_was_deleted_before_anybody_kept_a_list_is_removed_too(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with opened(path) as store:
        keep(store, interface())
        received(store, "ri-a", 2)
        keep(store, deleted())
    with opened(aged(path)) as store:
        store.reclaim(START)
        reclaimed(store, START + PAYLOADS_KEPT_SECONDS)
        assert left(store, "ri-a") == (0, 2)


def test_a_full_disk_is_waited_for_and_loses_nothing_of_the_batch(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, deleted())
        store._db.execute("PRAGMA query_only=1")
        assert store.reclaim(START) == reclaim.AGAIN_SECONDS
        store._db.execute("PRAGMA query_only=0")
        assert store.reclaim(START + reclaim.AGAIN_SECONDS) == pytest.approx(PAYLOADS_KEPT_SECONDS)


def test_a_worker_removes_what_two_deleted_ends_left_behind_while_it_works(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        connected(a, b)
        for _ in range(20):
            talk(a, b, a.run(a.asking({"kind": "send", "interface": "ri-a", "body": BODY})))
        assert left(b.store, "ri-b")[0] == 20
        for one, other, name in ((a, b, "ri-a"), (b, a, "ri-b")):
            talk(one, other, one.run(one.asking({"kind": "delete", "interface": name})))
        assert b.show("ri-b")["status"] == "Deleted"
        outcome = b.run()
        while outcome.next_due is not None and left(b.store, "ri-b")[0]:
            outcome = b.run(after=max(outcome.next_due - b.now, 0.001))
        assert left(b.store, "ri-b")[0] == 0
        assert left(b.store, "ri-b")[1] > 0


def places(store: Store, name: str) -> list[int]:
    return [payload.place for payload in store.payloads.inbox(name, 0, 100_000)]


def limited(path: Path, limits: Limits) -> Store:
    store = Store(path, OWN, INITIATOR, limits)
    store.open(1)
    return store


@pytest.mark.parametrize(
    ("limits", "at", "kept"),
    [
        (Limits(inbox_payloads=2), START, (1, 4)),
        (Limits(inbox_seconds=60), START + 59, (4, 4)),
        (Limits(inbox_seconds=60), START + 61, (0, 4)),
        (Limits(timeline_seconds=60), START + 61, (4, 1)),
        (Limits(), START + 1e9, (4, 4)),
    ],
)
def test_what_is_beyond_the_limits_goes_whosever_it_is(
    tmp_path: Path, limits: Limits, at: float, kept: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reclaim, "SLICE_ROWS", 2)
    store = limited(tmp_path / "store.sqlite", limits)
    keep(store, interface("ri-a"), interface("ri-b"))
    received(store, "ri-a", 3)
    received(store, "ri-b", 1)
    received(store, "ri-a", 1)
    reclaimed(store, at)
    assert left(store, "ri-a") == kept
    assert left(store, "ri-b") == (0 if limits.inbox_seconds and not kept[0] else 1, 0 if kept[1] == 1 else 1)
    assert store.reclaim(at + 0.1) == (pytest.approx(LIMITS_PAUSE_SECONDS, abs=1) if any(limits) else None)
    assert store.last_row == 5
    store.close()


def test_a_payload_never_gets_the_place_of_one_that_was_let_go_also_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface("ri-a"))
        received(store, "ri-a", 3)
        store.begin()
        assert store.acknowledge("ri-a", 3, 2) == 2
        assert store.acknowledge("ri-a", 3, 2) == 1
        store.commit()
        received(store, "ri-a", 1)
        assert places(store, "ri-a") == [4]
        store.begin()
        assert store.acknowledge("ri-a", 4, 2) == 1
        store.commit()
    with opened(tmp_path / "store.sqlite") as store:
        received(store, "ri-a", 2)
        assert places(store, "ri-a") == [5, 6]


def test_file_and_log_get_smaller_after_payloads_were_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with opened(path) as store:
        keep(store, interface("ri-a"))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM inbox").fetchone()
            received(store, "ri-a", 2_000)
            log = path.with_name(path.name + "-wal")
            assert log.stat().st_size > 32_000_000
        store.begin()
        store.acknowledge("ri-a", 2_000, 2_000)
        store.commit()
        assert path.stat().st_size > 32_000_000
        reclaimed(store, START)
        keep(store, interface("ri-b"))
        assert path.stat().st_size < 8_000_000
        assert log.stat().st_size <= 17_000_000
