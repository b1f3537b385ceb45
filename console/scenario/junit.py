"""The JUnit file of a run: a test case for each step, and what broke it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from console.scenario.model import Scenario
from console.scenario.run import StepResult


def write_junit(file: Path, scenario: Scenario, results: Sequence[StepResult], said: str) -> None:
    """Write it; `said` is what is told of a scenario that broke. Raises OSError."""
    broken = sum(one.broken_by is not None for one in results)
    steps = [one.shown for one in scenario.steps]
    figures = {"tests": str(len(steps)), "failures": str(broken), "skipped": str(len(steps) - len(results))}
    seconds = f"{sum(one.seconds for one in results):.3f}"
    suite = ET.Element("testsuite", {"name": scenario.title, **figures, "errors": "0", "time": seconds})
    for number, title in enumerate(steps):
        case = ET.SubElement(suite, "testcase", {"classname": scenario.title, "name": f"{number + 1}. {title}"})
        if number >= len(results):
            ET.SubElement(case, "skipped")
            continue
        result = results[number]
        case.set("time", f"{result.seconds:.3f}")
        if result.broken_by is not None:
            ET.SubElement(case, "failure", {"message": _allowed(result.broken_by)}).text = _allowed(said)
    ET.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)


def _allowed(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(one for one in text if one.isprintable() or one in "\n\t")
