"""Tests of a private broker's logs: a bounded place, however long it runs, and its owner's alone to read."""

import os
import stat
from pathlib import Path

import pytest

from shared.broker import private_files
from shared.broker.embedded import PrivateBroker, speaks_amqp
from tests.waiting import wait_for_blocking

LIMIT_BYTES = 20_000
KEPT = 2
LIMIT_SECONDS = 60.0
BUFFERED_BYTES = 8_192
"""What Erlang's handler may write beyond the limit before it looks."""


def size(file: Path) -> int:
    """The size of a log in bytes; 0 if it was renamed since it was listed."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def test_the_log_is_rotated_and_only_some_old_ones_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert private_files.LOG_LIMITS["log.file.rotation.count"] == KEPT
    monkeypatch.setitem(private_files.LOG_LIMITS, "log.file.rotation.size", LIMIT_BYTES)
    with PrivateBroker.start(tmp_path / "broker", {"vhosts": [{"name": "/"}]}) as broker:

        def logs() -> dict[str, int]:
            """Have something logged, and look at all log files."""
            for _ in range(50):
                speaks_amqp(broker.host, broker.amqp_port)
            return {path.name: size(path) for path in (tmp_path / "broker").glob("broker.log*")}

        seen = wait_for_blocking(logs, LIMIT_SECONDS, until=lambda files: len(files) == KEPT + 1)
        for _ in range(4):
            seen = logs()
        assert len(seen) <= KEPT + 1, seen
        assert all(size <= LIMIT_BYTES + BUFFERED_BYTES for size in seen.values()), seen
        broker.restart()
        broker.restart()
        outputs = sorted(path.name for path in (tmp_path / "broker").glob("output*"))
        assert outputs == ["output.1.log", "output.log"]


def test_what_a_broker_writes_is_its_owners_alone_whatever_the_mask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with PrivateBroker.start(tmp_path / "broker", {"vhosts": [{"name": "/"}]}) as broker:
            broker.restart()
            wait_for_blocking(lambda: size(tmp_path / "broker" / "broker.log"), LIMIT_SECONDS)
        modes = {path.name: path.lstat().st_mode for path in (tmp_path / "broker").iterdir()}
    finally:
        os.umask(before)
    assert modes.keys() >= {"broker.log", "output.log", "output.1.log"}
    assert {name: oct(mode) for name, mode in modes.items() if stat.S_IMODE(mode) & 0o077} == {}
    assert stat.S_IMODE((tmp_path / "broker").stat().st_mode) == 0o700
