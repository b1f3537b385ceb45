"""A search that says only "nothing found" asks to be believed, so this one says where it looked and how far.

The bounds are gone through one after another, each in a process of its own; the planted bugs likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field

from lab.explore.bounds import Bound
from lab.explore.bugs import BUGS
from lab.explore.bugs.planting import planted
from lab.explore.eventually import agreement
from lab.explore.properties import IN_EVERY_WORLD, ON_EVERY_MOVE
from lab.explore.scenario import Scenario, of_findings
from lab.explore.search import Findings, explore
from lab.explore.world import beginning

FEWER_WORLDS = 9_000
"""No planted bug needs more worlds than this to be found."""

ALWAYS: tuple[Callable[..., object], ...] = (*IN_EVERY_WORLD, *ON_EVERY_MOVE)
EVENTUALLY: Callable[..., object] = agreement


@dataclass(slots=True)
class Told:
    """What one bound, or one planted bug, came to."""

    name: str
    worlds: int
    complete: bool
    deliveries: int
    rounds: int
    pairs: set[tuple[str, str]]
    broken: str | None = None
    expected: str | None = None
    violation: str | None = None
    scenario: Scenario | None = None

    @property
    def as_wanted(self) -> bool:
        """Whether it is as it should be: a bound complete and whole, a bug caught by the property it breaks."""
        return self.broken == self.expected and (self.complete or self.expected is not None)


@dataclass(slots=True)
class Report:
    """Everything that a run came to."""

    bounds: list[Told] = field(default_factory=list)
    bugs: list[Told] = field(default_factory=list)

    @property
    def as_wanted(self) -> bool:
        """Whether all properties held everywhere, and every planted bug was caught."""
        return all(told.as_wanted for told in (*self.bounds, *self.bugs))

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Every pair of statuses that was seen at the two ends."""
        return set().union(*(told.pairs for told in self.bounds))

    def as_json(self) -> dict[str, object]:
        """The figures, and nothing else."""
        return {
            "worlds": sum(told.worlds for told in self.bounds),
            "bounds": [_figures(told) for told in self.bounds],
            "bugs": [_figures(told) for told in self.bugs],
            "bugs_caught": sum(told.as_wanted for told in self.bugs),
            "always": [holds.__name__ for holds in ALWAYS],
            "worst_rounds": max((told.rounds for told in self.bounds), default=0),
            "held": self.as_wanted,
        }


def _figures(told: Told) -> dict[str, object]:
    figures = asdict(told)
    for left_out in ("pairs", "scenario"):
        del figures[left_out]
    return figures


def bounds(chosen: Iterable[Bound], processes: int) -> Iterator[Told]:
    """Go through these bounds; as they end."""
    yield from _each(look, chosen, processes)


def bugs(processes: int) -> Iterator[Told]:
    """Look for every planted bug; as they are found."""
    yield from _each(look_for, range(len(BUGS)), processes)


def _each(what: Callable[..., Told], over: Iterable[object], processes: int) -> Iterator[Told]:
    with ProcessPoolExecutor(processes) as pool:
        for done in as_completed([pool.submit(what, one) for one in over]):
            yield done.result()


def look(bound: Bound) -> Told:
    """Go through one bound."""
    findings = explore(beginning(bound.budget, configured=bound.configured))
    return _told(bound.name, findings, of_findings(bound, findings))


def look_for(number: int) -> Told:
    """Look for the planted bug of that number."""
    bug = BUGS[number]
    bound = Bound(bug.name, bug.budget, bug.configured)
    with planted(bug) as steps:
        start = beginning(bug.budget, configured=bug.configured)
        findings = explore(start, steps=steps, limit_worlds=FEWER_WORLDS)
    if findings.broken is None and findings.rows_unseen:
        findings.broken, findings.violation = "sometimes", f"never seen: {'; '.join(findings.rows_unseen)}"
    told = _told(bug.name, findings, of_findings(bound, findings, bug.name))
    told.expected = bug.breaks
    return told


def _told(name: str, findings: Findings, scenario: Scenario) -> Told:
    return Told(
        name,
        findings.worlds,
        findings.complete,
        findings.deliveries,
        findings.worst_rounds,
        {(str(first), str(second)) for first, second in findings.pairs},
        findings.broken,
        violation=findings.violation,
        scenario=scenario if findings.violation else None,
    )
