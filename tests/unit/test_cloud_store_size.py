"""How large the web server's store gets: what is past makes room for what comes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from console.web.cloud.store import FILE_NAME, CloudStore

KEPT_SECONDS = 60.0
BODY = "x" * 1_000
LOG_LIMIT_BYTES = 5_000_000
"""SQLite copies its log into the file every 1,000 pages of 4,096 bytes, and then writes over it."""


def remembered_for(store: CloudStore, seconds: range) -> None:
    """Ten memos a second."""
    for second in seconds:
        for number in range(10):
            assert store.remember("answered", f"{second}.{number}", second, second + KEPT_SECONDS, BODY)


def pages(store: CloudStore) -> int:
    """Pages of the file, with those that are in its log so far."""
    return int(store._db.execute("PRAGMA page_count").fetchone()[0])


def test_five_times_as_many_memos_take_no_more_than_what_is_not_past(tmp_path: Path) -> None:
    with closing(CloudStore(tmp_path)) as store:
        remembered_for(store, range(120))
        after_two_minutes = pages(store)
        remembered_for(store, range(120, 600))
        assert pages(store) <= 1.1 * after_two_minutes
        assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size < LOG_LIMIT_BYTES
