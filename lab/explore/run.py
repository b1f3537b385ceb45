"""Runs of the model checker: each bound, or each planted bug, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field

from lab.explore.bounds import Bound
from lab.explore.bugs import BUGS
from lab.explore.bugs.planting import planted
from lab.explore.eventually import agreement
from lab.explore.properties import IN_EVERY_STATE, ON_EVERY_TRANSITION
from lab.explore.scenario import Scenario, of_findings
from lab.explore.search import Findings, explore
from lab.explore.state import beginning

ALWAYS: tuple[Callable[..., object], ...] = (*IN_EVERY_STATE, *ON_EVERY_TRANSITION)
EVENTUALLY: Callable[..., object] = agreement


@dataclass(slots=True)
class Outcome:
    """What one bound, or one planted bug, came to."""

    name: str
    states: int
    complete: bool
    deliveries: int
    rounds: int
    pairs: set[tuple[str, str]]
    broken: str | None = None
    expected: str | None = None
    violation: str | None = None
    scenario: Scenario | None = None

    @property
    def as_expected(self) -> bool:
        """Whether it is as it should be: a bound complete and whole, a bug caught by the property it breaks."""
        return self.broken == self.expected and (self.complete or self.expected is not None)


@dataclass(slots=True)
class Report:
    """Everything that a run came to."""

    bounds: list[Outcome] = field(default_factory=list)
    bugs: list[Outcome] = field(default_factory=list)

    @property
    def as_expected(self) -> bool:
        """Whether all properties held everywhere, and every planted bug was caught."""
        return all(outcome.as_expected for outcome in (*self.bounds, *self.bugs))

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Every pair of statuses that was seen at the two ends."""
        return set().union(*(outcome.pairs for outcome in self.bounds))

    def as_json(self) -> dict[str, object]:
        """The figures, and nothing else."""
        return {
            "states": sum(outcome.states for outcome in self.bounds),
            "bounds": [_figures(outcome) for outcome in self.bounds],
            "bugs": [_figures(outcome) for outcome in self.bugs],
            "bugs_caught": sum(outcome.as_expected for outcome in self.bugs),
            "always": [holds.__name__ for holds in ALWAYS],
            "worst_rounds": max((outcome.rounds for outcome in self.bounds), default=0),
            "held": self.as_expected,
        }


def _figures(outcome: Outcome) -> dict[str, object]:
    figures = asdict(outcome)
    for left_out in ("pairs", "scenario"):
        del figures[left_out]
    return figures


def bounds(chosen: Iterable[Bound], processes: int) -> Iterator[Outcome]:
    """Go through these bounds; as they end."""
    yield from _each(check_bound, chosen, processes)


def bugs(processes: int) -> Iterator[Outcome]:
    """Look for every planted bug; as they are found."""
    yield from _each(find_bug, range(len(BUGS)), processes)


def _each(what: Callable[..., Outcome], over: Iterable[object], processes: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(processes) as pool:
        for done in as_completed([pool.submit(what, one) for one in over]):
            yield done.result()


def check_bound(bound: Bound) -> Outcome:
    """Go through one bound."""
    findings = explore(beginning(bound.budget, configured=bound.configured))
    return _outcome(bound.name, findings, of_findings(bound, findings))


def find_bug(number: int) -> Outcome:
    """Look for the planted bug of that number."""
    bug = BUGS[number]
    bound = Bound(bug.name, bug.budget, bug.configured)
    with planted(bug) as steps:
        start = beginning(bug.budget, configured=bug.configured)
        findings = explore(start, steps=steps, limit_states=bug.limit_states)
    if findings.broken is None and findings.rows_unseen:
        findings.broken, findings.violation = "sometimes", f"never seen: {'; '.join(findings.rows_unseen)}"
    outcome = _outcome(bug.name, findings, of_findings(bound, findings, bug.name))
    outcome.expected = bug.breaks
    return outcome


def _outcome(name: str, findings: Findings, scenario: Scenario) -> Outcome:
    return Outcome(
        name,
        findings.states,
        findings.complete,
        findings.deliveries,
        findings.worst_rounds,
        {(str(first), str(second)) for first, second in findings.pairs},
        findings.broken,
        violation=findings.violation,
        scenario=scenario if findings.violation else None,
    )
