"""Tests of saved scenarios: violations found once, gone through again from their files.

Those that lie there are of planted bugs. Each must break what it broke with its bug, and nothing without it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.cli import make_app
from lab.explore import run
from lab.explore.bounds import Bound
from lab.explore.bugs import BUGS
from lab.explore.report import sentence_of
from lab.explore.scenario import ScenarioError, read, replay, steps_of, write
from lab.explore.state import Budget

SAVED = sorted((Path(__file__).parent / "scenarios").glob("*.json"))


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
def test_a_saved_scenario_holds_on_the_shipped_functions(file: Path) -> None:
    done = replay(read(file))
    assert done.broken is None, done.violation


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
def test_a_saved_scenario_breaks_what_it_broke_with_its_bug(file: Path) -> None:
    scenario = read(file)
    with steps_of(scenario) as steps:
        done = replay(scenario, steps=steps)
    assert (done.broken, done.violation) == (scenario.broken, scenario.violation)
    assert [f"{number}. {line}" for number, line in enumerate(done.trace, 1)] == list(scenario.trace)


@pytest.mark.parametrize("number", range(0, len(BUGS), 6), ids=lambda number: BUGS[number].name)
def test_a_scenario_is_read_as_it_was_written(number: int, tmp_path: Path) -> None:
    scenario = run.find_bug(number).scenario
    assert scenario is not None
    file = tmp_path / "scenario.json"
    file.write_text(write(scenario))
    assert read(file) == scenario
    with steps_of(scenario) as steps:
        assert replay(read(file), steps=steps).broken == scenario.broken


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"peering_scenario": 2}', '{"peering_scenario": 1, "budget": {"luck": 1}}']
)
def test_what_is_no_scenario_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(text)
    with pytest.raises(ScenarioError):
        read(file)


def test_the_command_goes_through_a_file_again_and_says_what_is_broken() -> None:
    file = next(one for one in SAVED if one.stem.startswith("a-two-way"))
    broken = CliRunner().invoke(make_app(), ["explore", "--replay", str(file)])
    assert broken.exit_code == 1
    assert "  2. ri-b (Idle -> Activated) hears Initiate" in broken.output
    assert "BROKEN: confirmed" in broken.output
    whole = CliRunner().invoke(make_app(), ["explore", "--replay", str(file), "--shipped"])
    assert whole.exit_code == 0
    assert "ri-b (Idle -> Accepting)" in whole.output
    assert "All properties held." in whole.output


def test_a_bound_that_is_broken_is_told_and_not_as_wanted() -> None:
    bug = next(bug for bug in BUGS if bug.breaks == "holds_own")
    number = BUGS.index(bug)
    caught, whole = run.find_bug(number), run.check_bound(Bound("nothing", Budget()))
    assert run.Report([whole], [caught]).as_expected
    assert not run.Report([], [replace(caught, expected="agreement")]).as_expected
    assert not run.Report([replace(whole, complete=False)], []).as_expected


def test_every_property_says_in_a_sentence_what_it_is() -> None:
    for holds in (*run.ALWAYS, run.EVENTUALLY):
        assert len(sentence_of(holds)) > 20, holds
