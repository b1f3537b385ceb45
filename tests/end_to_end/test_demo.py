"""Tests of `peering demo`: everything seen, and nothing left behind."""

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from console.demo.checklist import COMPARISON
from console.demo.playing import story
from console.faults.command_lines import CommandLine, StoryEnd, change, configure, create, create_both, send
from console.topology import load
from console.trace.model import Trace
from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    OWN_BROKER,
    PEERING,
    REPOSITORY,
    running_with,
    surroundings,
    type_command,
)
from tests.waiting import wait_for_blocking

HELD = ("Activated", "Suspending", "Suspended", "Activating")
ESCAPE = "\x1b"
STORIES = ("cross-account", "same-account", "vbr")


@pytest.mark.parametrize("name", STORIES)
def test_every_story_is_seen_whole_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    """The first story is the one that is told if none is named; of one everything is kept, where it was asked for."""
    drawn, kept, temporary = tmp_path / "drawn.json", tmp_path / "kept", tmp_path / "temporary"
    temporary.mkdir()
    words = {"cross-account": (), "vbr": ("vbr", "--keep", str(kept))}.get(name, (name,))
    environment = {"TMPDIR": str(temporary), **(OWN_BROKER if name == "cross-account" else {})}
    ended = type_command("demo", *words, "--trace", str(drawn), environment=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    ends = Trace.model_validate_json(drawn.read_text()).ends
    assert [[band.status for band in end.bands][-5:] for end in ends] == [[*HELD, "Activated"]] * 2
    assert "12 of 12 statuses seen" in ended.stdout
    assert "✗ not seen" not in ended.stdout
    assert ESCAPE not in ended.stdout
    assert list(temporary.iterdir()) == []
    assert running_with(str(tmp_path)) == []
    if name == "cross-account":
        shows_the_articles_statuses_in_the_articles_order(ended.stdout)
    if name == "vbr":
        assert {"vbr-alice.sqlite", "vpc-bob.sqlite"} <= {path.name for path in (kept / "stores").iterdir()}
        assert type_command("demo", *words).returncode == 1


def shows_the_articles_statuses_in_the_articles_order(shown: str) -> None:
    story = shown[: shown.index("The article's process")]
    opened = r"Connecting.*Accepting.*established: from here on there is no difference.*"
    closed = r"Suspending +Suspending\n.*Suspended +Suspended\n.*Activating +Activating\n.*Activated +Activated\n"
    assert re.search(opened + closed, story, re.DOTALL), shown
    for refusal in ("PeerNotConfigured", "NotInitiator", "set aside", "NotActivated", "HeldByPeer"):
        assert f"✗ {refusal}" in story


def test_a_performance_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [*PEERING, "demo"], env=surroundings(TMPDIR=str(tmp_path)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with program:
        wait_for_blocking(lambda: running_with(str(tmp_path / "peering-demo-")), LIMIT_SECONDS)
        program.send_signal(signal.SIGINT)
        assert program.wait(LIMIT_SECONDS) == 130
    wait_for_blocking(lambda: not running_with(str(tmp_path)), LIMIT_SECONDS)
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_of_80_columns_is_wide_enough(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = surroundings(TMPDIR=str(tmp_path), TERM="xterm", COLUMNS="80", LINES="40")
    with subprocess.Popen([*PEERING, "demo", "same-account"], env=environment, stdout=theirs) as program:
        os.close(theirs)
        shown = _read_all(ours)
    assert program.returncode == 0
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("12 of 12 statuses seen") for line in lines)


def _read_all(terminal: int) -> str:
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b""
        if not piece:
            os.close(terminal)
            return b"".join(pieces).decode()
        pieces.append(piece)


@pytest.mark.parametrize("name", STORIES)
def test_the_stories_play_on_the_topologies_of_the_examples(name: str) -> None:
    scenario, topology = story(name)
    example = load(REPOSITORY / "examples" / f"{name}.yaml")
    assert example.accounts == topology.accounts
    assert example.endpoints == topology.endpoints
    assert {step.shows for step in scenario.steps if step.shows is not None} <= set(COMPARISON)


def test_every_example_is_a_topology() -> None:
    for path in (REPOSITORY / "examples").glob("*.yaml"):
        assert load(path).endpoints, yaml.safe_load(path.read_text())


def test_what_is_shown_as_typed_are_commands_of_the_command_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.touch()
    first, second = story("cross-account")[1].endpoints
    one, two = StoryEnd(first, "ri-alice"), StoryEnd(second, "ri-bob")
    typed: list[CommandLine] = [create(one), configure(one, two), send(one, "hello"), create_both(one, two)[0]]
    typed += [change(verb, one) for verb in ("initiate", "suspend", "resume", "delete")]
    for line in typed:
        _, *words = line.text.split()
        ended = type_command(*words, environment={"PEERING_TOPOLOGY": str(empty)})
        assert ended.returncode == 2, line.text
        assert "empty.yaml:1: " in ended.stderr, f"{line.text}: {ended.stderr}"
