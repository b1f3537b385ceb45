"""Tests of `peering run`: scenarios on real processes, which tell waiting programs apart and name what failed."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from console.scenario.reading import load_scenario
from console.trace.model import Trace
from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    PEERING,
    REPOSITORY,
    peering_up,
    running_with,
    surroundings,
    type_command,
)

WAITING = REPOSITORY / "examples" / "waiting"
SCENARIOS = REPOSITORY / "examples" / "scenarios"


@pytest.mark.parametrize("scenario", ["half-open", "late-owner"])
def test_a_controller_that_waits_rightly_passes(scenario: str) -> None:
    ended = type_command("run", str(WAITING / f"{scenario}.yaml"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "steps as expected" in ended.stdout
    assert "✗" not in ended.stdout


@pytest.mark.parametrize(
    ("scenario", "controller", "said"),
    [
        ("half-open", "looks_at_own_end.py", "says that the link is up, and it does not exist"),
        ("late-owner", "gives_up_at_once.py", "ended with exit code 1 and not 0; it said last:\nnot found: ri-bob@"),
    ],
)
def test_a_controller_that_does_not_is_caught(tmp_path: Path, scenario: str, controller: str, said: str) -> None:
    """The state lasts for longer than in the example, so that a slow machine looks in time; being caught ends it."""
    temporary, lasting = tmp_path / "temporary", tmp_path / f"{scenario}.yaml"
    temporary.mkdir()
    text = (WAITING / f"{scenario}.yaml").read_text(encoding="utf-8").replace("../", f"{WAITING.parent}/")
    assert len(re.findall(r"for: \d+s", text)) == 1
    lasting.write_text(re.sub(r"for: \d+s", f"for: {LIMIT_SECONDS:.0f}s", text), encoding="utf-8")
    environment = {"CONTROLLER": str(WAITING / controller), "TMPDIR": str(temporary)}
    ended = type_command("run", str(lasting), environment=environment)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert said in ended.stdout
    assert "ri-alice on vpc-alice: " in ended.stdout
    assert list(temporary.iterdir()) == []
    assert running_with(str(tmp_path)) == []


def test_what_came_of_each_step_and_what_was_said_are_written(tmp_path: Path) -> None:
    junit, drawn = tmp_path / "junit.xml", tmp_path / "drawn.json"
    scenario = SCENARIOS / "third-message-lost.yaml"
    ended = type_command("run", str(scenario), "--junit", str(junit), "--trace", str(drawn))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    suite = ET.parse(junit).getroot()  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "0", "0")
    first, second = Trace.model_validate_json(drawn.read_text()).ends
    assert [band.status for band in first.bands] == ["Idle", "Connecting", "Activated"]
    assert [band.status for band in second.bands] == ["Idle", "Accepting", "Activated"]


def test_on_what_runs_already_an_expectation_that_is_not_met_is_named_with_both_ends(tmp_path: Path) -> None:
    scenario, junit = tmp_path / "scenario.yaml", tmp_path / "junit.xml"
    scenario.write_text(
        """\
title: Not as expected
connection: [ri-a@vpc-alice, ri-b@vpc-bob]
steps:
  - do:
      - create: ri-a
      - create: ri-b
      - {initiate: ri-b, refused: NotInitiator}
      - configure: ri-a
      - {configure: ri-b, peer_account: mallory}
      - initiate: ri-a
    expect: {ri-a: Connecting, ri-b: Idle, link: false}
  - title: Not with this peer information
    expect: {ri-b: Activated, link: true, within: 2s}
  - title: Never done
    do:
      - suspend: ri-a
""",
        encoding="utf-8",
    )
    example = REPOSITORY / "examples" / "cross-account.yaml"
    with peering_up(example, tmp_path / "peering", PEERING_LISTEN="127.0.0.1:0") as up:
        options = ("--topology", str(up.folder / "context.json"), "--junit", str(junit))
        ended = type_command("run", str(scenario), *options)
        assert ended.returncode == 1, ended.stdout + ended.stderr
        told = ended.stdout[ended.stdout.index("✗ after 2 s") :]
        assert "after 2 s ri-b is Idle and not Activated; the link does not exist" in told
        assert "ri-a on vpc-alice: Connecting\nri-b on vpc-bob: Idle\n" in told
        assert "initiate: Connecting" in told
        assert "NotReady: PeerNotConfigured" in told
        assert "1 of 3 steps as expected" in told
        suite = ET.parse(junit).getroot()  # noqa: S314 - our own file
        assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
        assert up.terminal.done("fault", "list")["faults"] == []
        again = type_command("run", str(scenario), *options)
        assert again.returncode == 1
        assert "was refused with IncorrectStatus" in again.stdout


def test_what_was_done_is_recorded_as_a_scenario_that_can_be_played(tmp_path: Path) -> None:
    file, example = tmp_path / "story.yaml", REPOSITORY / "examples" / "cross-account.yaml"
    with peering_up(example, tmp_path / "peering", PEERING_LISTEN="127.0.0.1:0") as up:
        terminal = up.terminal
        terminal.done("create", "--endpoint", "vpc-alice", "--id", "ri-before")
        recording = subprocess.Popen(
            [*PEERING, "record", str(file), *terminal.options],
            env=surroundings(),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with recording:
            assert recording.stderr is not None
            assert "Ctrl-C ends it" in recording.stderr.readline()
            terminal.done("create", "--endpoint", "vpc-alice", "--id", "ri-a")
            terminal.done("create", "--endpoint", "vpc-bob", "--id", "ri-b")
            terminal.done("configure", "ri-b", "--peer", "ri-a@vpc-alice")
            terminal.done("configure", "ri-a", "--peer", "ri-b@vpc-bob")
            terminal.done("fault", "add", "drop", "--from", "vpc-alice", "--message", "declare", "--which", "1")
            terminal.done("initiate", "ri-a")
            terminal.both_show("Activated", "ri-a", "ri-b")
            terminal.done("fault", "clear")
            terminal.done("send", "ri-a", "are you there?")
            terminal.received("ri-b", "are you there?")
            terminal.done("suspend", "ri-b")
            terminal.both_show("Suspended", "ri-a", "ri-b")
            recording.send_signal(signal.SIGINT)
            out, err = recording.communicate(timeout=LIMIT_SECONDS)
        assert recording.returncode == 0, out + err
    scenario, topology = load_scenario(file)
    assert topology is not None
    assert scenario.connection == ("ri-a@vpc-alice", "ri-b@vpc-bob")
    done = [action for step in scenario.steps for action in step.do]
    verbs = [one.verb for one in done]
    assert sorted(verbs[:5]) == ["configure", "configure", "create", "create", "fault"]
    assert (verbs[5], sorted(verbs[6:8]), verbs[8:]) == ("initiate", ["clear", "send"], ["suspend"])
    assert [one.body for one in done if one.verb == "send"] == ["are you there?"]
    assert scenario.steps[-1].expect is not None
    assert scenario.steps[-1].expect.statuses == {"ri-a": "Suspended", "ri-b": "Suspended"}
    played = type_command("run", str(file))
    assert played.returncode == 0, played.stdout + played.stderr
    assert type_command("record", str(file)).returncode == 2
