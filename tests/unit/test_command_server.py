"""Unit tests of which commands are forked, and of when a command server has to give way to newer code."""

import os
from pathlib import Path

import pytest

from console import cli, command_server
from console.stack import forked_command


def test_what_runs_until_it_is_ended_is_started() -> None:
    long_running = {one.__name__ for one in cli.LONG_RUNNING}
    commands = {one.words[0] for one in cli.COMMANDS} | long_running
    named = {one for one in forked_command.STARTED if not one.startswith("-")}
    assert long_running <= named <= commands
    for words in forked_command.STARTED:
        assert forked_command.run_forked([words]) is None


def test_without_a_running_up_a_command_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PEERING_TOPOLOGY", raising=False)
    assert forked_command.run_forked(["show"]) is None
    for name in ("context.json", "nowhere/context.json"):
        monkeypatch.setenv("PEERING_TOPOLOGY", name)
        assert forked_command.run_forked(["show"]) is None


def test_code_that_was_changed_or_removed_is_seen(tmp_path: Path) -> None:
    assert Path(cli.__file__) in command_server._loaded()
    changed, removed = tmp_path / "changed.py", tmp_path / "removed.py"
    for one in (changed, removed):
        one.touch()
        os.utime(one, ns=(1, 1))
    before = command_server._loaded([changed, removed])
    assert command_server._loaded(before) == before
    os.utime(changed, ns=(1, 2_000_000_000))
    removed.unlink()
    assert command_server._loaded(before) == {changed: 2_000_000_000, removed: 0}
