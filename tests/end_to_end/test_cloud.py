"""The API is right if programs that know only the real cloud cannot tell the difference, so they are asked.

The cloud's own clients, unmodified, over HTTP, against `peering up` with real workers and a real broker.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.end_to_end.clients.calling import NODE, PYTHON, Client, Key, client, install
from tests.end_to_end.clients.flows import (
    ACCEPTING,
    INITIATING,
    act,
    connect,
    new_end,
    new_vpc,
    point,
    take_down,
)
from tests.end_to_end.programs import peering_up

pytestmark = pytest.mark.timeout(300)

ALICE, BOB = "1000000000000001", "1000000000000002"
TOPOLOGY = f"""\
accounts:
  - {{uid: {ALICE}, name: alice}}
  - {{uid: {BOB}, name: bob}}
endpoints:
  - {{id: vpc-alice, kind: vpc, account: {ALICE}, region: cn-hangzhou, role: initiator}}
  - {{id: vpc-bob, kind: vpc, account: {BOB}, region: cn-hangzhou, role: acceptor}}
"""
CLIENTS = (*PYTHON, *NODE)


@dataclass
class Town:
    """A running simulator, and everybody's clients in it, started when they are needed."""

    url: str
    keys: dict[str, Key]
    started: ExitStack
    clients: dict[tuple[str, str, str], Client]

    def client(self, which: str, account: str = ALICE, region: str = "cn-hangzhou") -> Client:
        """The client of this library, account and region."""
        place = (which, account, region)
        if place not in self.clients:
            made = client(which, self.url, self.keys[account], region)
            self.clients[place] = self.started.enter_context(made)
        return self.clients[place]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    install()
    folder = tmp_path_factory.mktemp("town")
    topology = folder / "town.yaml"
    topology.write_text(TOPOLOGY)
    with peering_up(topology, folder / "peering", PEERING_LISTEN="127.0.0.1:0") as up, ExitStack() as started:
        keys = {one["account"]: Key(one["account"], one["access_key_id"], one["access_key_secret"]) for one in up.keys}
        yield Town(up.url, keys, started, {})


@pytest.mark.parametrize("which", CLIENTS)
def test_the_official_example_same_account(town: Town, which: str) -> None:
    alice = town.client(which)
    one, two = new_vpc(alice), new_vpc(alice)
    first, second = new_end(alice, one.router, INITIATING), new_end(alice, two.router, ACCEPTING)
    connect(first, second)
    shown = alice.shown(first.id)
    assert (shown["OppositeInterfaceId"], shown["OppositeInterfaceStatus"]) == (second.id, "Active")
    assert shown["OppositeVpcInstanceId"] == two.id
    route = alice.call(
        "CreateRouteEntry",
        RouteTableId=one.table,
        DestinationCidrBlock="192.168.0.0/16",
        NextHopType="RouterInterface",
        NextHopId=first.id,
    )["RouteEntryId"]
    act(first, "Deactivate")
    alice.wait(first.id, "Inactive")
    alice.wait(second.id, "Inactive")
    assert alice.refused("DeleteRouterInterface", RouterInterfaceId=first.id).code == (
        "DependencyViolation.RouterInterfaceReferedByRouteEntry"
    )
    alice.call("DeleteRouteEntry", RouteEntryId=route)
    act(second, "Deactivate")
    act(first, "Activate")
    act(second, "Activate")
    alice.wait(first.id, "Active")
    alice.wait(second.id, "Active")
    take_down(first, second)
    for vpc in (one, two):
        alice.call("DeleteVpc", VpcId=vpc.id)


@pytest.mark.parametrize("which", ["new", "old", "node", "pop-post"])
def test_two_accounts_each_with_its_own_key(town: Town, which: str) -> None:
    alice, bob = town.client(which), town.client(which, BOB, "cn-beijing")
    one, two = new_vpc(alice), new_vpc(bob)
    first = new_end(alice, one.router, INITIATING, "cn-beijing")
    second = new_end(bob, two.router, ACCEPTING, "cn-hangzhou")
    point(first, second)
    act(first, "Connect")
    alice.wait(first.id, "Connecting")
    assert bob.status(second.id) == "Idle"
    point(second, first)
    alice.wait(first.id, "Active")
    bob.wait(second.id, "Active")
    assert alice.status(second.id) == bob.status(first.id) == ""
    assert alice.shown(second.id)["RouterInterfaceId"] == ""
    assert bob.refused("DeactivateRouterInterface", RouterInterfaceId=first.id).code == (
        "InvalidRouterInterfaceId.NotFound"
    )
    act(second, "Deactivate")
    alice.wait(first.id, "Inactive")
    assert alice.shown(first.id)["OppositeInterfaceStatus"] == "Inactive"
    act(first, "Delete")
    alice.wait(first.id, "")
    shown = bob.shown(second.id)
    assert (shown["Status"], shown["OppositeInterfaceStatus"]) == ("Inactive", "Deleted")
    assert bob.refused("ActivateRouterInterface", RouterInterfaceId=second.id).code.startswith(
        "OppositeRouterInterfaceIsDele"
    )
    act(second, "Delete")
    bob.wait(second.id, "")


@pytest.mark.parametrize("which", ["new", "old", "node", "pop-post"])
def test_fast_link_makes_both_ends_of_a_vbr_and_one_call_deletes_them(town: Town, which: str) -> None:
    alice = town.client(which)
    border = alice.call("CreateVirtualBorderRouter", PhysicalConnectionId="pc-1", VlanId=7)["VbrId"]
    filters = [{"Key": "VbrId", "Value": [border]}]
    listed = alice.call("DescribeVirtualBorderRouters", Filter=filters)["VirtualBorderRouterSet"]
    access_point = listed["VirtualBorderRouterType"][0]["AccessPointId"]
    vpc = new_vpc(alice)
    made = alice.call(
        "CreateRouterInterface",
        Role=INITIATING,
        Spec="Mini.2",
        RouterType="VBR",
        RouterId=border,
        OppositeRegionId="cn-hangzhou",
        AccessPointId=access_point,
        OppositeRouterType="VRouter",
        OppositeRouterId=vpc.router,
        OppositeInterfaceOwnerId=ALICE,
        FastLinkMode=True,
        AutoPay=True,
    )["RouterInterfaceId"]
    alice.wait(made, "Active")
    shown = alice.shown(made)
    other = shown["OppositeInterfaceId"]
    assert (shown["FastLinkMode"], shown["OppositeInterfaceSpec"]) == ("true", "Negative")
    alice.wait(other, "Active")
    alice.call("DeleteExpressConnect", RouterInterfaceId=made, Force=True)
    alice.wait(made, "")
    alice.wait(other, "")
    alice.call("DeleteVpc", VpcId=vpc.id)
    alice.call("DeleteVirtualBorderRouter", VbrId=border)


def test_many_clients_at_once(town: Town) -> None:
    clients = [town.client(which) for which in CLIENTS]
    routers = [new_vpc(clients[0]).router for _ in range(2)]
    ends = [new_end(clients[0], router, role) for router, role in zip(routers, (INITIATING, ACCEPTING), strict=True)]
    connect(*ends)
    with ThreadPoolExecutor(len(clients)) as pool:
        seen = list(pool.map(lambda one: [one.status(ends[0].id) for _ in range(20)], clients))
    assert seen == [["Active"] * 20] * len(clients)
    take_down(*ends)
