"""Tests of the supervisor's logs and reasons: bounded, and readable."""

import stat
from pathlib import Path

from console.stack.bounded_log import BoundedLog


def test_a_log_never_takes_more_than_twice_its_limit(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "worker.log", limit_bytes=1000)
    for number in range(1000):
        log.write(b"line %06d\n" % number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["worker.1.log", "worker.log"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert files[1].read_text().endswith("line 000999\n")


def test_a_log_goes_on_after_a_restart_of_the_supervisor(tmp_path: Path) -> None:
    BoundedLog(tmp_path / "worker.log").write(b"before\n")
    BoundedLog(tmp_path / "worker.log").write(b"after\n")
    assert (tmp_path / "worker.log").read_text() == "before\nafter\n"


def test_a_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    BoundedLog(tmp_path / "worker.log").write(b"line\n")
    assert stat.S_IMODE((tmp_path / "worker.log").stat().st_mode) == 0o600


def test_the_last_line_is_the_last_that_says_something(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "worker.log")
    assert log.last_line == ""
    log.remember(b"first\nsec")
    log.remember(b"ond\n\n")
    assert log.last_line == "second"


def test_the_last_line_of_a_json_log_is_told_as_a_sentence(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "worker.log")
    log.remember(b'{"event": "refused", "level": "error", "reason": "the store is in use", "worker": "vpc-a"}\n')
    assert log.last_line == "the store is in use"
    log.remember(b'{"event": "stopped", "level": "info"}\n')
    assert log.last_line == "stopped"
