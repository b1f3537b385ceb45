"""Unit tests of which commands are forked, and of when a command server has to give way to newer code."""

import os
import socket
import sys
from collections.abc import Iterator
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


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A command server's socket, where nobody answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEERING_TOPOLOGY", "context.json")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.bind(forked_command.SOCKET)
        one.listen()
        one.settimeout(60)
        yield one


def test_nothing_is_handed_to_a_command_server_of_another_user(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    assert forked_command.run_forked(["show"]) is None
    with listening.accept()[0] as asked:
        assert asked.recv(1) == b""


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_command_without_input_or_output_is_started(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    monkeypatch.setattr(sys, closed, None)
    assert forked_command.run_forked(["show"]) is None
    listening.settimeout(0)
    with pytest.raises(BlockingIOError):
        listening.accept()


def test_who_may_less_or_sees_other_things_is_told_from_the_command_server() -> None:
    own = forked_command.rights_of(os.getpid())
    assert own == forked_command.rights_of(os.getpid())
    told = {one.split()[0] for one in own if isinstance(one, bytes)}
    assert told == {b"Uid:", b"Gid:", b"Groups:", b"CapEff:", b"CapBnd:", b"NoNewPrivs:", b"Seccomp:"}
    assert any("net:" in str(one) for one in own)


def test_what_python_and_typer_read_when_they_are_started_is_compared() -> None:
    around = {"PYTHONUTF8": "1", "PYTHONPATH": "x", "TYPER_USE_RICH": "0", "_TYPER_COMPLETE_ARGS": "x", "TZ": "UTC"}
    assert command_server._read_at_start(around) == {"PYTHONUTF8": "1", "TYPER_USE_RICH": "0"}


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
