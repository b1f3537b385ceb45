"""Tests of the drawing against a witness: in a simulated run every message is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from console.trace.matching import wants_answer
from console.trace.merging import Record, merge
from console.trace.model import Fate, Trace
from lab.simulate.simulation import scratch_folder
from shared.broker.messages import OutgoingMessage
from shared.protocol.labels import label
from shared.runtime.subscriptions import timeline
from shared.wire.bundle import read_bundle
from shared.wire.request import KINDS
from shared.wire.views import TimelineRow
from tests.simulation.scripted import CALM, Scripted

Fates = Counter[tuple[int, str, bool]]
"""How many messages each end said, by label, and whether they were carried."""


class Observed(Scripted):
    """A run in which somebody notes what becomes of each message."""

    truth: Fates
    remembered: Trace

    def watch(self) -> None:
        """Note it from here on."""
        self.truth, carry = Counter(), self.broker.publish
        places = {node.id: place for place, node in enumerate(self.nodes)}

        def publish(source: str, account: str, message: OutgoingMessage, reply_to: str | None = None) -> bool:
            carried = carry(source, account, message, reply_to)
            if message.type == KINDS.bundle:
                for _, _, said in read_bundle(message.body).messages:
                    self.truth[places[source], label(said), carried] += 1
            return carried

        self.broker.publish = publish  # type: ignore[method-assign]

    def rest(self) -> None:
        """At the end, before the disks are taken away, read both timelines of the only connection."""
        super().rest()
        first, second = self._records()
        self.remembered = merge(first, second)

    def _records(self) -> Iterator[Record]:
        for node, end in zip(self.nodes, self.connections[0], strict=True):
            store = node.disk.store
            assert store is not None
            rows = [TimelineRow(**row) for row in timeline(store, end.interface, 0, 1000)]
            yield Record(end.interface, node.id, "", "", rows)


def messages(trace: Trace) -> Fates:
    """The same of a trace, where it says that a message arrived or was lost."""
    return Counter((one.by, one.label, one.fate is Fate.ARRIVED) for one in trace.told if wants_answer(one.label))


def of_those_that_want_an_answer(truth: Fates) -> Fates:
    return Counter({key: count for key, count in truth.items() if wants_answer(key[1])})


def test_in_a_calm_run_everything_arrived_once() -> None:
    with scratch_folder() as folder:
        simulation = Observed(folder, plan=CALM)
        simulation.watch()
        assert simulation.run().broken is None
        trace = simulation.remembered
    assert messages(trace) == of_those_that_want_an_answer(simulation.truth)
    assert {one.fate for one in trace.told} <= {Fate.ARRIVED, Fate.UNNOTED}
    assert not [one for one in trace.told if len(one.heard) > 1 or one.said_at is None]


@pytest.mark.parametrize("start", [0.1, 0.21, 1.02, 1.52, 2.51, 3.51])
@pytest.mark.parametrize("way", [0, 1], ids=["there", "back"])
def test_what_a_partition_swallowed_is_told_as_lost_and_nothing_else_is(start: float, way: int) -> None:
    with scratch_folder() as folder:
        simulation = Observed(folder, plan=CALM)
        simulation.watch()
        ends = [node.id for node in simulation.nodes]
        simulation.scheduler.at(start, lambda: simulation.broker.parted.add((ends[way], ends[1 - way])))
        simulation.scheduler.at(start + 1.2, simulation.broker.parted.clear)
        assert simulation.run().broken is None
        trace = simulation.remembered
    assert messages(trace) == of_those_that_want_an_answer(simulation.truth)
    assert not [one for one in trace.told if one.fate is Fate.LOST and one.by != way]


def test_what_was_doubled_on_the_way_is_told_as_doubled() -> None:
    with scratch_folder() as folder:
        simulation = Observed(folder, plan=CALM._replace(duplication=0.5))
        simulation.watch()
        findings = simulation.run()
        trace = simulation.remembered
    assert findings.faults["doubled"] > 0
    assert [one for one in trace.told if len(one.heard) > 1]
    assert not [one for one in trace.told if one.fate is Fate.LOST]
