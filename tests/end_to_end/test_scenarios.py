"""Tests of `peering run`: scenarios on real processes, which tell waiting programs apart and name what failed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from console.trace.model import Trace
from tests.end_to_end.programs import REPOSITORY, peering_up, running_with, type_command

WAITING = REPOSITORY / "examples" / "waiting"
SCENARIOS = REPOSITORY / "examples" / "scenarios"

pytestmark = pytest.mark.timeout(300)


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
    ended = type_command(
        "run", str(WAITING / f"{scenario}.yaml"), environment={"CONTROLLER": controller, "TMPDIR": str(tmp_path)}
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert said in ended.stdout
    assert "ri-alice on vpc-alice: " in ended.stdout
    assert list(tmp_path.iterdir()) == []
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
