"""Tests of `peering run` on what runs already: programs beside the steps, and what is left when a run ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    PEERING,
    REPOSITORY,
    Up,
    peering_up,
    running_with,
    surroundings,
    type_command,
)
from tests.waiting import wait_for_blocking


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    example, folder = REPOSITORY / "examples" / "cross-account.yaml", tmp_path_factory.mktemp("scenarios") / "peering"
    with peering_up(example, folder, PEERING_LISTEN="127.0.0.1:0") as up:
        yield up


def write(folder: Path, steps: str) -> Path:
    """A scenario on fresh ends of what runs."""
    path = folder / "scenario.yaml"
    path.write_text(f"title: Programs\nsteps:\n{indent(steps, '  ')}", encoding="utf-8")
    return path


def played(up: Up, folder: Path, steps: str) -> subprocess.CompletedProcess[str]:
    return type_command("run", str(write(folder, steps)), *up.terminal.options)


OPENED = """\
- do:
    - {create: initiator, both: true}
  expect: {initiator: Activated, acceptor: Activated, link: true}
"""
NOT_OPENED = """\
- do:
    - create: initiator
    - create: acceptor
  expect: {initiator: Idle, acceptor: Idle, link: false}
"""


def waiting(mark: Path, limit: str) -> str:
    """A step with a program that never ends, which can be found by its text."""
    return f"- do:\n    - {{run: [sh, -c, 'while :; do sleep 1; done # {mark}'], claims: link_up, limit: {limit}}}\n"


def test_a_program_that_does_not_notice_the_link_is_caught(up: Up, tmp_path: Path) -> None:
    ended = played(up, tmp_path, waiting(tmp_path, "2s") + OPENED)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "did not end within 2 s, although the link exists" in ended.stdout
    assert running_with(str(tmp_path)) == []


def test_a_program_that_still_waits_for_a_link_that_does_not_exist_is_right(up: Up, tmp_path: Path) -> None:
    ended = played(up, tmp_path, waiting(tmp_path, "2s") + NOT_OPENED)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert running_with(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("program", "more", "said"),
    [
        ("[sh, -c, 'exit 3']", "exits: 3", ""),
        ("[sh, -c, 'echo broken; exit 4']", "exits: 3", "ended with exit code 4 and not 3; it said last:\nbroken"),
        ("[sleep, '600']", "limit: 1s", "`sleep 600` did not end within 1 s"),
        ("[/nowhere/program]", "limit: 1s", "`/nowhere/program` could not be started: there is no such program"),
        ('[sh, -c, \'test "$ANSWER" = 42 -a -n "$PEERING_CONSOLE_URL" -a -f scenario.yaml\']', "env: {ANSWER: 42}", ""),
        ("['true']", "claims: link_up", "`true` says that the link is up, and it does not exist"),
    ],
)
def test_how_a_program_has_to_end(up: Up, tmp_path: Path, program: str, more: str, said: str) -> None:
    ended = played(up, tmp_path, f"- do:\n    - {{run: {program}, {more}}}\n{NOT_OPENED}")
    assert ended.returncode == int(bool(said)), ended.stdout + ended.stderr
    assert said in ended.stdout


def test_a_situation_is_reached_on_fresh_ends_each_time(up: Up, tmp_path: Path) -> None:
    steps = """\
- do:
    - situation: activated-accepting
  expect: {initiator: Activated, acceptor: Accepting, link: false, for: 1s}
- do:
    - held: {do: release, interface: acceptor}
    - clear: all
    - {restart: acceptor}
  expect: {initiator: Activated, acceptor: Activated, link: true}
"""
    for _ in range(2):
        ended = played(up, tmp_path, steps)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_run_that_is_interrupted_leaves_no_fault(up: Up, tmp_path: Path) -> None:
    path = write(
        tmp_path, OPENED + "- do:\n    - fault: {do: cut, from: initiator}\n  expect: {link: true, for: 10m}\n"
    )
    program = subprocess.Popen(
        [*PEERING, "run", str(path), *up.terminal.options], env=surroundings(), stdout=subprocess.PIPE, text=True
    )
    with program:
        wait_for_blocking(lambda: up.terminal.done("fault", "list")["faults"], LIMIT_SECONDS)
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=LIMIT_SECONDS)
    assert program.returncode == 130, out
    assert up.terminal.done("fault", "list")["faults"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connection: [ri-a@vpc-nowhere, ri-b@vpc-bob]", "there is no endpoint vpc-nowhere"),
        ("connexion: [ri-a@vpc-alice, ri-b@vpc-bob]", ":3: unknown key 'connexion'; did you mean 'connection'?"),
        ("connection: [ri-a@vpc-alice]", ":3: `connection[1]` is missing"),
    ],
)
def test_what_cannot_be_run_as_it_is_written_exits_with_2(up: Up, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"title: Wrong\nsteps: [{{do: [{{clear: all}}]}}]\n{text}\n", encoding="utf-8")
    ended = type_command("run", str(path), *up.terminal.options)
    assert (ended.returncode, said in ended.stdout) == (2, True), ended.stdout + ended.stderr


def test_ends_that_were_there_before_are_seen_as_they_are(up: Up, tmp_path: Path) -> None:
    up.terminal.done("create", "--endpoint", "vpc-alice", "--id", "ri-older")
    path = tmp_path / "scenario.yaml"
    steps = "[{expect: {ri-older: Idle, for: 200ms, within: 5s}}]"
    path.write_text(f"title: Older\nconnection: [ri-older@vpc-alice, ri-none@vpc-bob]\nsteps: {steps}\n")
    ended = type_command("run", str(path), *up.terminal.options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
