"""The log and counters of one run; nothing enters it but what the seed decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from lab.simulate.scheduler import Scheduler
from shared.protocol.effects import Step
from shared.protocol.events import Due, Event, Received
from shared.protocol.interface import Interface
from shared.protocol.labels import label
from shared.wire.bundle import read_bundle
from shared.wire.forms import Unreadable

StepFunction = Callable[[Interface, Event], Step]


class PropertyViolated(BaseException):
    """A property does not hold; the text says which, and where. No worker's handler may take it for its own."""


class RunLog:
    """What happened in one run: counted always, written line by line if `verbose`."""

    def __init__(self, scheduler: Scheduler, *, verbose: bool) -> None:
        """Write the lines if `verbose`."""
        self._scheduler, self.verbose = scheduler, verbose
        self.lines: list[str] = []
        self.faults: Counter[str] = Counter()
        self.figures: Counter[str] = Counter()
        self.coverage: Counter[tuple[str, str]] = Counter()

    def write(self, who: str, what: str) -> None:
        """Add a line: the virtual second, who, what."""
        if self.verbose:
            self.lines.append(f"{self._scheduler.now:10.3f}  {who:<8} {what}")

    def fault(self, kind: str, who: str, what: str = "") -> None:
        """Count a fault, and write it."""
        self.faults[kind] += 1
        if self.verbose:
            self.write(who, f"!! {kind} {what}".rstrip())

    def bundle(self, who: str, what: str, body: bytes) -> None:
        """Write what is in a bundle."""
        if not self.verbose:
            return
        try:
            bundle = read_bundle(body)
        except Unreadable as error:
            self.write(who, f"{what}: unreadable, {error}")
            return
        said = [f"{one.source}>{one.target} {label(one.message)}" for one in bundle.messages]
        self.write(who, f"{what} {bundle.endpoint}>{bundle.to}: " + ("; ".join(said) or "a keepalive"))

    def watched(self, step: StepFunction) -> StepFunction:
        """The same step, with its status and kind of event counted."""
        coverage = self.coverage

        def watching(state: Interface, event: Event) -> Step:
            coverage[state.status.value, kind_of(event)] += 1
            return step(state, event)

        return watching


def kind_of(event: Event) -> str:
    """What kind of event this is, in the words of the transition table."""
    if isinstance(event, Received):
        return type(event.message).__name__
    if isinstance(event, Due):
        return f"Due {event.timer}"
    return type(event).__name__
