"""Tests of a tapped wire: what no fault strikes goes on in order, and every delivery is finished."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.faults.deliveries import Onward, Waiting, bundle_in
from console.faults.model import Fault
from console.faults.standing import Standing
from console.faults.wire import Wire
from shared.broker.address import BrokerAddress
from shared.broker.messages import Delivery
from shared.broker.names import EndpointQueue
from shared.broker.tap import Tap
from shared.protocol.messages import Data
from shared.protocol.words import Activation, Epoch
from shared.wire.bundle import Addressed, Bundle, read_bundle, write_bundle
from shared.wire.forms import Unreadable
from tests.waiting import wait_for

TAG = Activation(Epoch(1, 1), 1, Epoch(1, 2), 1)
DELIVERY = Delivery("tap", "x", "alice", "peering.bundle", b"", None, None, "id", redelivered=False, tag=1, session=1)


@dataclass
class Passed:
    """Stands in for a relay: whatever it should publish is here, and every part that is finished."""

    onwards: list[Onward] = field(default_factory=list)

    def pass_on(self, onwards: Iterable[Onward]) -> None:
        """Publish at once."""
        for onward in onwards:
            self.onwards.append(onward)
            if onward.sent is not None:
                onward.sent()
            if onward.part_of is not None:
                self.finish(onward.part_of)

    def finish(self, waiting: Waiting) -> None:
        """Count a part less."""
        waiting.parts -= 1

    def messages(self) -> list[tuple[str, int]]:
        """The connection and number of every message that can be read, in order."""
        found = []
        for onward in self.onwards:
            try:
                entries = read_bundle(onward.body).messages
            except Unreadable:
                continue
            found += [(entry.source, entry.message.number) for entry in entries if isinstance(entry.message, Data)]
        return found


def test_a_bundle_with_a_message_that_cannot_be_read_passes_untouched_for_its_receiver_to_set_aside() -> None:
    queue = EndpointQueue("bob", "vpc-b", "alice")
    messages = [Addressed("ri-a", "ri-b", Data(TAG, number, 0, "a payload")) for number in (7, 8)]
    body = write_bundle(Bundle("vpc-a", "alice", "vpc-b", 1, messages))
    good = replace(DELIVERY, exchange=queue.exchange, body=body)
    assert bundle_in(good, queue, enforced=True) is not None
    assert bundle_in(replace(good, body=body.replace(b'"number":7', b'"number":0')), queue, enforced=True) is None


class Rig:
    """A wire from vpc-a to vpc-b without a broker."""

    def __init__(self, *faults: dict[str, Any]) -> None:
        self.standing, self.passed = Standing(), Passed()
        self.wire = Wire(
            Tap(EndpointQueue("bob", "vpc-b", "alice")),
            BrokerAddress("nowhere", 1, "/"),
            self.standing,
            receiver="bob",
        )
        self.wire.relay = self.passed  # type: ignore[assignment]
        self.waiting: list[Waiting] = []
        for one in faults:
            self.standing.add(Fault.model_validate(one))

    def take(self, *messages: tuple[str, int]) -> None:
        """Have a bundle with these messages arrive."""
        entries = [Addressed(source, f"ri-x{source[3:]}", Data(TAG, number, 0, "")) for source, number in messages]
        waiting = Waiting(DELIVERY)
        self.waiting.append(waiting)
        self.passed.pass_on(self.wire._judge(Bundle("vpc-a", "alice", "vpc-b", 1, entries), waiting))
        self.passed.finish(waiting)

    @property
    def unfinished(self) -> int:
        """How many parts of deliveries the broker still keeps for us."""
        return sum(waiting.parts for waiting in self.waiting)


CONNECTIONS = st.integers(0, 4).map(lambda one: f"ri-{one}")
BUNDLES = st.lists(st.lists(CONNECTIONS, max_size=8), max_size=6)
FAULTS = st.lists(
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(["drop", "hold", "duplicate", "corrupt"]),
            "interface": CONNECTIONS,
            "which": st.sampled_from(["1", "2", "1-3", "2-", None]),
        }
    ),
    max_size=4,
)


@given(BUNDLES, FAULTS)
def test_what_no_fault_strikes_goes_on_in_order_and_what_one_holds_comes_once(
    bundles: list[list[str]], faults: list[dict[str, Any]]
) -> None:
    async def scenario() -> None:
        rig = Rig(*faults)
        said: list[tuple[str, int]] = []
        for number, bundle in enumerate(bundles):
            messages = [(source, 1 + 10 * number + place) for place, source in enumerate(bundle)]
            said += messages
            rig.take(*messages)
        struck = {
            (one.entry.source, one.entry.message.number): one.rule.fault.do
            for one in rig.standing.strikes
            if isinstance(one.entry.message, Data)
        }
        arrived = rig.passed.messages()
        free = [one for one in said if one not in struck]
        assert [one for one in dict.fromkeys(arrived) if one not in struck] == free
        held = [one for one in said if struck.get(one) == "hold"]
        assert rig.unfinished == len(held) == len(rig.standing.kept)
        for kept in list(rig.standing.kept.values()):
            kept.let_go()
        counts = {"drop": 0, "corrupt": 0, "hold": 1, "duplicate": 2}
        wanted = Counter({one: counts[struck[one]] if one in struck else 1 for one in said})
        assert Counter(rig.passed.messages()) == +wanted
        assert rig.unfinished == 0
        assert rig.wire.empty

    asyncio.run(scenario())


async def test_a_bundle_whose_only_message_is_dropped_still_says_that_its_sender_is_alive() -> None:
    rig = Rig({"do": "drop", "interface": "ri-1"})
    rig.take(("ri-1", 1))
    (onward,) = rig.passed.onwards
    assert list(read_bundle(onward.body).messages) == []
    assert rig.unfinished == 0


async def test_a_cut_wire_passes_nothing_at_all() -> None:
    rig = Rig({"do": "cut", "from": "vpc-a", "to": "vpc-b"})
    rig.take(("ri-1", 1), ("ri-2", 2))
    rig.take()
    assert rig.passed.onwards == []
    assert [(one.entry.source, one.dropped) for one in rig.standing.strikes] == [("ri-1", True), ("ri-2", True)]
    assert rig.unfinished == 0


async def test_a_reordered_message_comes_after_the_next_of_its_connection_and_of_no_other() -> None:
    rig = Rig({"do": "reorder", "interface": "ri-1", "which": "1", "delay_seconds": 60})
    rig.take(("ri-1", 1))
    rig.take(("ri-2", 2))
    rig.take(("ri-1", 3))
    assert rig.passed.messages() == [("ri-2", 2), ("ri-1", 3), ("ri-1", 1)]
    assert rig.unfinished == 0


async def test_a_reordered_message_that_nothing_follows_comes_late() -> None:
    rig = Rig({"do": "reorder", "interface": "ri-1", "delay_seconds": 0.01})
    rig.take(("ri-1", 1))
    assert rig.passed.messages() == []
    await wait_for(rig.passed.messages, 60, until=lambda seen: seen == [("ri-1", 1)])


async def test_a_late_message_comes_after_what_was_said_later() -> None:
    rig = Rig({"do": "delay", "interface": "ri-1", "which": "1", "delay_seconds": 0.02})
    rig.take(("ri-1", 1))
    rig.take(("ri-1", 2))
    assert rig.passed.messages() == [("ri-1", 2)]
    await wait_for(rig.passed.messages, 60, until=lambda seen: seen == [("ri-1", 2), ("ri-1", 1)])
    assert rig.unfinished == 0


async def test_latency_keeps_the_order_and_delays_the_keepalives_as_well() -> None:
    rig = Rig({"do": "netem", "from": "vpc-a", "to": "vpc-b", "delay_seconds": 0.01})
    for number in range(1, 6):
        rig.take(("ri-1", number))
    rig.take()
    assert rig.passed.onwards == []
    await wait_for(lambda: len(rig.passed.onwards), 60, until=lambda count: count == 6)
    assert rig.passed.messages() == [("ri-1", number) for number in range(1, 6)]
    assert rig.unfinished == 0


async def test_loss_follows_from_its_seed() -> None:
    def lost(seed: int) -> list[bool]:
        rig = Rig({"do": "netem", "from": "vpc-a", "to": "vpc-b", "delay_seconds": 0, "loss_percent": 50, "seed": seed})
        for number in range(1, 41):
            rig.take(("ri-1", number))
        return [one.dropped for one in rig.standing.strikes]

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)
    assert 5 < sum(lost(1)) < 35


@pytest.mark.parametrize("seed", range(20))
async def test_a_corrupted_message_is_alone_in_its_bundle_and_can_never_be_read(seed: int) -> None:
    rig = Rig({"do": "corrupt", "interface": "ri-1", "seed": seed})
    rig.take(("ri-1", 1), ("ri-2", 2))
    assert rig.passed.messages() == [("ri-2", 2)]
    assert len(rig.passed.onwards) == 2
    with pytest.raises(Unreadable):
        read_bundle(rig.passed.onwards[1].body)


async def test_held_messages_go_on_in_the_order_that_is_asked_for_and_can_be_replayed_and_dropped() -> None:
    rig = Rig({"do": "hold", "interface": "ri-1"})
    for number in (1, 2, 3):
        rig.take(("ri-1", number))
    first, second, third = rig.standing.kept.values()
    second.replay()
    assert rig.passed.messages() == [("ri-1", 2)]
    first.lose()
    third.let_go()
    second.let_go()
    second.let_go()
    assert rig.passed.messages() == [("ri-1", 2), ("ri-1", 3), ("ri-1", 2)]
    assert [one.dropped for one in rig.standing.strikes] == [True, False, False]
    assert [one.passed_at is None for one in rig.standing.strikes] == [True, False, False]
    assert rig.unfinished == 0


async def test_a_fault_that_is_removed_lets_go_of_what_it_held_in_order() -> None:
    rig = Rig({"do": "hold", "interface": "ri-1"}, {"do": "hold", "interface": "ri-2"})
    rig.take(("ri-1", 1), ("ri-2", 2), ("ri-1", 3))
    rig.standing.remove(1)
    assert rig.passed.messages() == [("ri-1", 1), ("ri-1", 3)]
    assert [kept.rule.number for kept in rig.standing.kept.values()] == [2]
