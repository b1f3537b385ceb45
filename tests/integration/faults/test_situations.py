"""Tests of the situations: each is reached, held and healed several times in a row, on a real broker.

Those that aim at one connection are reached beside each other between one pair of endpoints; those that cut whole wires
or end workers have a pair of their own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from console.client import ClientError, Refused
from console.client.clients import Clients
from console.faults.faults import Faults
from console.faults.made_faults import OwnFaults
from console.faults.reaching import Reaching
from console.faults.situation import Situation, situation, situations
from console.stack.set_aside import ASIDE
from console.stack.stack import Stack, running
from console.topology import AccountSection, EndpointSection, Topology
from shared.wire.views import InterfaceView
from tests.end_to_end.workers import fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.integration.faults.town import Town

TIMES = int(os.environ.get("PEERING_TEST_SITUATIONS", "2"))
"""How often in a row."""

PATIENCE_SECONDS = 60.0
QUICK = {
    "PEERING_RESEND_FIRST_SECONDS": "0.2",
    "PEERING_RESEND_LIMIT_SECONDS": "1",
    "PEERING_KEEPALIVE_SECONDS": "1",
    "PEERING_HOLD_SECONDS": "6",
}

ROLES: tuple[Literal["initiator", "acceptor"], ...] = ("initiator", "acceptor")
Pair = tuple[str, str]


def is_worker_wide(wanted: Situation) -> bool:
    return any(act.fault is not None and act.fault.do == "cut" for step in wanted.steps for act in step.do)


@asynccontextmanager
async def stacked(broker: BrokerForTests, folder: Path, pairs: int) -> AsyncIterator[tuple[Stack, list[Pair]]]:
    """Two accounts with so many pairs of endpoints, and a worker for each of these."""
    alice, bob = fresh("alice"), fresh("bob")
    ends = [(fresh_id("vpc"), fresh_id("vpc")) for _ in range(pairs)]
    topology = Topology(
        accounts=tuple(AccountSection(uid=one.uid) for one in (alice, bob)),
        endpoints=tuple(
            EndpointSection(id=endpoint, kind="vpc", account=owner.uid, region="cn-hangzhou", role=role)
            for pair in ends
            for endpoint, owner, role in zip(pair, (alice, bob), ROLES, strict=True)
        ),
    )
    address = broker.administrator_address
    url = f"amqp://{address.user}:{address.password}@{address.host}:{address.port}/{address.vhost}"
    environment = {"PEERING_BROKER_URL": url, "PEERING_MANAGEMENT_URL": broker.management_url}
    async with running(topology, folder, lambda _: None, environment=environment, settings=QUICK) as stack:
        yield stack, ends


async def reached_in_a_row(faults: Faults, wanted: Situation, pair: Pair) -> str:
    """Reach, hold and heal a situation again and again; return what went wrong, or nothing."""
    try:
        for _ in range(TIMES):
            reaching = Reaching.between(faults._clients, OwnFaults(faults), wanted, *pair)
            await reaching.reach()
            assert reaching.made or wanted.heal
            await reaching.hold(0.3)
            await reaching.heal()
    except ClientError as error:
        return f"{wanted.name}: {error.code}: {error.sentence}"
    return ""


@pytest.mark.timeout(3600)
async def test_every_situation_is_reached_every_time_held_and_healed(broker: BrokerForTests, tmp_path: Path) -> None:
    wide = [one for one in situations() if is_worker_wide(one)]
    narrow = [one for one in situations() if not is_worker_wide(one)]
    assert {one.name for one in wide} == {"peer-unreachable", "restored-from-backup", "store-lost"}
    async with (
        stacked(broker, tmp_path / "up", 1 + len(wide)) as (stack, (common, *own)),
        Clients(stack.context, PATIENCE_SECONDS) as clients,
    ):
        faults = Faults(clients, stack, broker.management_url)
        try:
            places = [(one, common) for one in narrow] + list(zip(wide, own, strict=True))
            wrong = await asyncio.gather(*(reached_in_a_row(faults, *place) for place in places))
            assert [one for one in wrong if one] == []
            assert not faults.tapped
        finally:
            await faults.close()
        aside = [one.name for one in (stack.folder / ASIDE).glob("*.sqlite")]
        copies = [name for name in aside if name.endswith(".backup.sqlite")]
        assert (len(copies), len(aside)) == (1, 1 + 2 * TIMES)
        text = (tmp_path / "up" / "logs" / f"{common[0]}.log").read_text()
        assert "Traceback" not in text


async def test_a_message_is_lost_as_often_as_is_asked_for(town: Town) -> None:
    async with town.faults() as faults:
        wanted = situation("answer-lost", 3)
        places = town.start.endpoint, town.far.endpoint
        reaching = Reaching.between(faults._clients, OwnFaults(faults), wanted, *places)
        await reaching.reach()
        lost, held = faults.listed()
        assert (lost.struck, lost.over, held.held >= 1) == (3, True, True)
        assert reaching.healing == [f"peering fault clear {lost.number}", f"peering fault clear {held.number}"]
        await reaching.heal()
        assert faults.listed() == []


async def test_what_needs_a_supervisor_is_refused_before_anything_is_made_where_there_is_none(town: Town) -> None:
    async with town.faults() as faults:
        wanted = situation("store-lost")
        places = town.start.endpoint, town.far.endpoint
        reaching = Reaching.between(faults._clients, OwnFaults(faults), wanted, *places)
        with pytest.raises(Refused) as caught:
            await reaching.reach()
        assert caught.value.code == "NotSupervised"
        with pytest.raises(Refused) as unknown:
            await faults._clients.view(reaching.acceptor)
        assert unknown.value.code == "UnknownInterface"
        assert faults.listed() == []


async def test_a_refused_region_is_healed_by_its_owner(town: Town) -> None:
    async with town.faults() as faults:
        places = town.start.endpoint, town.far.endpoint
        reaching = Reaching.between(faults._clients, OwnFaults(faults), situation("refused-region"), *places)
        await reaching.reach()
        view: InterfaceView = await faults._clients.view(reaching.initiator)
        assert view.reason_code == "PeerRegionMismatch"
        (line,) = reaching.healing
        assert line == (
            f"peering configure {reaching.acceptor.interface} "
            f"--peer {reaching.initiator.interface}@{reaching.initiator.endpoint}"
        )
        await reaching.heal()


def test_a_situation_without_a_number_takes_none() -> None:
    with pytest.raises(Refused) as caught:
        situation("both-suspend", 3)
    assert caught.value.code == "NoTimes"
