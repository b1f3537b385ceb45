"""Tests of what is written of scenarios: JUnit results, commands of faults, and steps from what was recorded."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from console.commands.faults import DEEDS
from console.faults.made_faults import fault_line
from console.faults.model import Fault
from console.scenario.junit import write_junit
from console.scenario.model import Scenario
from console.scenario.recording import Event, _in_its_place, _steps
from console.scenario.run import StepResult

A, B = "ri-a@vpc-a", "ri-b@vpc-b"


def test_junit_has_a_case_for_each_step_and_says_what_broke_which(tmp_path: Path) -> None:
    steps = [{"title": title} for title in ("one", "two <&>", "three")]
    scenario = Scenario.model_validate({"title": "A story", "steps": steps})
    results = [StepResult(scenario.steps[0], 0.5), StepResult(scenario.steps[1], 1.25, "it \x1bbroke")]
    write_junit(tmp_path / "junit.xml", scenario, results, "it \x1bbroke\nri-a: Idle")
    suite = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own file
    assert suite.attrib == {
        "name": "A story",
        "tests": "3",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
        "time": "1.750",
    }
    cases = list(suite)
    assert [case.get("name") for case in cases] == ["1. one", "2. two <&>", "3. three"]
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"], ["skipped"]]
    failure = cases[1][0]
    assert (failure.get("message"), failure.text) == ("it broke", "it broke\nri-a: Idle")


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"do": "kill", "worker": "vpc-a"}, "peering fault add kill --worker vpc-a"),
        (
            {"do": "drop", "from": "alice", "message": "declare", "version": 2, "which": "1-2", "both": True},
            "peering fault add drop --from alice --both --message declare --of-version 2 --which 1-2",
        ),
        (
            {"do": "netem", "to": "vpc-a", "delay_seconds": 0.5, "loss_percent": 2, "both": False},
            "peering fault add netem --to vpc-a --delay 0.5 --loss 2.0",
        ),
    ],
)
def test_a_fault_is_shown_as_the_command_that_makes_it(fault: dict[str, object], line: str) -> None:
    assert fault["do"] in DEEDS
    assert fault_line(Fault.model_validate(fault)) == line


def test_steps_end_where_something_came_of_what_was_done() -> None:
    events = [
        Event(0, A, {"create": A}),
        Event(0, A, status="Idle"),
        Event(1, B, {"create": B}),
        Event(1, B, status="Idle"),
        Event(2, "ri-x@vpc-x", {"create": "ri-x@vpc-x"}),
        Event(3, A, {"initiate": A}),
        Event(3, A, status="Connecting"),
        Event(3.1, B, status="Accepting"),
        Event(3.2, A, status="Activated"),
        Event(3.5, action={"clear": "all"}),
        Event(3.6, B, status="Activated"),
        Event(9, B, {"send": B, "body": "hello"}),
    ]
    assert list(_steps(events, (A, B))) == [
        {
            "do": [{"create": "ri-a"}, {"create": "ri-b"}, {"create": "ri-x@vpc-x"}, {"initiate": "ri-a"}],
            "expect": {"ri-a": "Activated"},
        },
        {"do": [{"clear": "all"}], "expect": {"ri-a": "Activated", "ri-b": "Activated"}},
        {"do": [{"send": "ri-b", "body": "hello"}], "expect": {"ri-a": "Activated", "ri-b": "Activated"}},
    ]


def test_what_is_noticed_late_was_done_before_what_came_of_it() -> None:
    rows = [
        Event(1.0, A, {"create": A}),
        Event(1.0, A, status="Idle"),
        Event(1.1, B, {"initiate": B}),
        Event(1.2, A, {"initiate": A}),
        Event(1.2, A, status="Connecting"),
    ]
    noticed = Event(1.3, A, {"configure": A}, since=0.9)
    assert 1.1 < _in_its_place(noticed, rows).at < 1.2
    assert _in_its_place(noticed._replace(since=1.25), rows).at == 1.3
    assert _in_its_place(Event(5, action={"clear": "all"}), rows).at == 5
