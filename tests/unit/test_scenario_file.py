"""Tests of scenario files: what is unknown or cannot be is refused with its line, and each example is one."""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from console.scenario.model import Scenario
from console.scenario.reading import ScenarioRefused, load_scenario
from console.topology import TopologyRefused
from tests.tidy.sources import ROOT

GOOD = """\
title: A story
connection: [ri-a@vpc-a, ri-b@vpc-b]
steps:
  - do:
      - create: ri-a
      - {send: ri-a, body: hello, refused: NotActivated}
    expect: {ri-a: Idle, within: 500ms, for: 1m}
"""


def refusal(folder: Path, text: str) -> list[str]:
    path = folder / "scenario.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ScenarioRefused) as caught:
        load_scenario(path)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_a_good_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(GOOD, encoding="utf-8")
    scenario, topology = load_scenario(path)
    assert topology is None
    (step,) = scenario.steps
    assert [one.verb for one in step.do] == ["create", "send"]
    assert step.expect is not None
    assert (step.expect.statuses, step.expect.within, step.expect.lasting) == ({"ri-a": "Idle"}, 0.5, 60.0)
    assert step.shown == "create ri-a, send ri-a"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("title: A story", "titel: A story", "1: unknown key 'titel'; did you mean 'title'?"),
        ("      - create: ri-a\n", "      - creat: ri-a\n", "5: unknown key 'creat'; did you mean 'create'?"),
        ("      - create: ri-a\n", "      - {create: ri-a, body: hello}\n", "5: `body` belongs beside send"),
        ("      - create: ri-a\n", "      - {create: ri-a, initiate: ri-a}\n", "5: `steps[0].do[0]`: an action has"),
        ("      - create: ri-a\n", "      - create: ri-c\n", "5: ri-c is none of `connection`"),
        ("within: 500ms", "witin: 500ms", "7: unknown key 'witin'; did you mean 'within'?"),
        ("within: 500ms", "within: soon", "7: `steps[0].expect.within`: right would be a time such as 500ms"),
        ("{ri-a: Idle", "{ri-a: Asleep", "7: `steps[0].expect.ri-a`: "),
        ("      - create: ri-a\n", "      - fault: {do: drop}\n", "5: `steps[0].do[0].fault`: one of `from`, `to`"),
        ("      - create: ri-a\n", "      - fault: {do: dorp, to: a}\n", "5: `steps[0].do[0].fault.do`: "),
        ("      - create: ri-a\n", "      - fault: {do: drop, too: a}\n", "5: unknown key 'too'; did you mean 'to'?"),
        (GOOD[GOOD.index("steps:") :], "steps: []", "3: `steps` has none"),
        (", ri-b@vpc-b]", ", ri-b]", "2: `connection[1]`: "),
        ("steps:", "topology: {accounts: [], endpoint: []}\nsteps:", "3: unknown key 'endpoint'; did you mean"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in GOOD
    told = refusal(tmp_path, GOOD.replace(before, after, 1))
    assert any(line.startswith(expected) for line in told), told


def test_a_topology_that_it_names_is_read_from_its_own_folder(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"topology: nowhere.yaml\n{GOOD}", encoding="utf-8")
    with pytest.raises(TopologyRefused, match=r"nowhere\.yaml:1: the file cannot be read"):
        load_scenario(path)


def examples() -> list[Path]:
    return sorted(path for folder in ("scenarios", "waiting") for path in (ROOT / "examples" / folder).glob("*.yaml"))


def test_there_are_examples() -> None:
    assert len(examples()) > 2


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.name)
def test_each_example_can_be_run_and_names_the_published_schema(path: Path) -> None:
    scenario, topology = load_scenario(path)
    assert scenario.steps
    assert topology is not None
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = json.loads((path.parent / first.partition("=")[2]).read_text(encoding="utf-8"))
    assert schema["title"] == Scenario.__name__
    assert schema["additionalProperties"] is False
