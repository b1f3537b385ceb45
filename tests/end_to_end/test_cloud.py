"""The API is right if programs that know only the real cloud cannot tell the difference, so they are asked.

The cloud's own clients, unmodified, over HTTP, against `peering up` with real workers and a real broker.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.end_to_end.clients.calling import NODE, PYTHON, Client, Key, client, install
from tests.end_to_end.clients.flows import (
    ACCEPTING,
    INITIATING,
    Vpc,
    act,
    connect,
    new_end,
    new_vpc,
    point,
    take_down,
)
from tests.end_to_end.programs import Up, peering_up, running_with

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
LIBRARIES = ("new", "old", "node", "pop-post")


@dataclass
class Town:
    """A running simulator, and everybody's clients in it, started when they are needed."""

    url: str
    keys: dict[str, Key]
    started: ExitStack
    clients: dict[tuple[str, str, str], Client] = field(default_factory=dict)
    made: dict[tuple[str, str], list[Vpc]] = field(default_factory=dict)

    def client(self, which: str, account: str = ALICE, region: str = "cn-hangzhou") -> Client:
        """The client of this library, account and region."""
        place = (which, account, region)
        if place not in self.clients:
            made = client(which, self.url, self.keys[account], region)
            self.clients[place] = self.started.enter_context(made)
        return self.clients[place]

    def vpcs(self, owner: Client, count: int = 2) -> list[Vpc]:
        """VPCs of this client's account and region, made once: each test leaves them empty."""
        made = self.made.setdefault((owner.key.account, owner.region), [])
        while len(made) < count:
            made.append(new_vpc(owner))
        return made[:count]


def keys_of(up: Up) -> dict[str, Key]:
    return {one["account"]: Key(one["account"], one["access_key_id"], one["access_key_secret"]) for one in up.keys}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    install()
    folder = tmp_path_factory.mktemp("town")
    topology = folder / "town.yaml"
    topology.write_text(TOPOLOGY)
    with peering_up(topology, folder / "peering", PEERING_LISTEN="127.0.0.1:0") as up, ExitStack() as started:
        yield Town(up.url, keys_of(up), started)


@pytest.mark.parametrize("which", LIBRARIES)
def test_the_official_example_same_account(town: Town, which: str) -> None:
    alice = town.client(which)
    one, two = town.vpcs(alice)
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
    alice.wait(second.id, "Inactive")
    assert alice.refused("DeleteRouterInterface", RouterInterfaceId=first.id).code == (
        "DependencyViolation.RouterInterfaceReferedByRouteEntry"
    )
    alice.call("DeleteRouteEntry", RouteEntryId=route)
    act(second, "Deactivate")
    act(first, "Activate")
    act(second, "Activate")
    alice.wait(first.id, "Active")
    take_down(first, second)


@pytest.mark.parametrize("which", ["new-v2", "pop-get"])
def test_the_other_ways_in_which_two_of_them_sign(town: Town, which: str) -> None:
    alice = town.client(which)
    one, two = town.vpcs(alice)
    first, second = new_end(alice, one.router, INITIATING), new_end(alice, two.router, ACCEPTING)
    connect(first, second)
    take_down(first, second)


@pytest.mark.parametrize("which", LIBRARIES)
def test_two_accounts_each_with_its_own_key(town: Town, which: str) -> None:
    alice, bob = town.client(which), town.client(which, BOB, "cn-beijing")
    (one,), (two,) = town.vpcs(alice, 1), town.vpcs(bob, 1)
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


@pytest.mark.parametrize("which", LIBRARIES)
def test_fast_link_makes_both_ends_of_a_vbr_and_one_call_deletes_them(town: Town, which: str) -> None:
    alice = town.client(which)
    border = alice.call("CreateVirtualBorderRouter", PhysicalConnectionId="pc-1", VlanId=7)["VbrId"]
    filters = [{"Key": "VbrId", "Value": [border]}]
    listed = alice.call("DescribeVirtualBorderRouters", Filter=filters)["VirtualBorderRouterSet"]
    access_point = listed["VirtualBorderRouterType"][0]["AccessPointId"]
    (vpc,) = town.vpcs(alice, 1)
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
    alice.call("DeleteVirtualBorderRouter", VbrId=border)


def test_many_clients_at_once(town: Town) -> None:
    clients = [town.client(which) for which in CLIENTS]
    one, two = town.vpcs(clients[0])
    ends = new_end(clients[0], one.router, INITIATING), new_end(clients[0], two.router, ACCEPTING)
    connect(*ends)
    with ThreadPoolExecutor(len(clients)) as pool:
        seen = list(pool.map(lambda one: [one.status(ends[0].id) for _ in range(20)], clients))
    assert seen == [["Active"] * 20] * len(clients)
    take_down(*ends)


@pytest.mark.parametrize("which", ["old", "pop-post"])
def test_terraforms_order_of_calls_for_a_connection_of_two_resources(town: Town, which: str) -> None:
    """As the legacy resources do it, with their polling (the reference, sections 4.1 and 4.2); both wire forms."""
    terraform = town.client(which)
    one, two = town.vpcs(terraform)
    ends = []
    for router, role, name in ((one.router, INITIATING, "tf-first"), (two.router, ACCEPTING, "tf-second")):
        made = new_end(terraform, router, role, InstanceChargeType="PostPaid", ClientToken=f"{which}-{name}")
        terraform.call("ModifyRouterInterfaceAttribute", RouterInterfaceId=made.id, Name=name)
        ends.append(made)
    first, second = ends
    for end, other in ((second, first), (first, second)):
        assert terraform.status(end.id) == terraform.status(other.id) == "Idle"
        point(end, other)
        shown = terraform.shown(end.id)
        opposite = [shown[f"Opposite{name}"] for name in ("InterfaceId", "RouterId", "RouterType", "InterfaceOwnerId")]
        assert opposite == [other.id, other.router, "VRouter", ALICE]
    act(first, "Connect")
    for end in ends:
        terraform.wait(end.id, "Active")
    act(first, "Deactivate")
    terraform.wait(first.id, "Inactive")
    if terraform.status(second.id) == "Active":
        act(second, "Deactivate")
    terraform.wait(second.id, "Inactive")
    for end in ends:
        act(end, "Delete")
    for end in ends:
        terraform.wait(end.id, "")


def test_terraforms_order_of_calls_for_its_new_resource(town: Town) -> None:
    """FastLink: renamed, resized, frozen, thawed, regrouped, tagged, and deleted while Active (section 4.3)."""
    terraform = town.client("pop-post")
    border = terraform.call("CreateVirtualBorderRouter", PhysicalConnectionId="pc-2", VlanId=8)["VbrId"]
    made = terraform.call(
        "CreateRouterInterface",
        AutoPay="true",
        RouterType="VBR",
        RouterId=border,
        OppositeRegionId="cn-hangzhou",
        Spec="Mini.2",
        Role=INITIATING,
        AccessPointId="ap-cn-hangzhou-1",
        OppositeRouterId=town.vpcs(terraform, 1)[0].router,
        OppositeRouterType="VRouter",
        OppositeInterfaceOwnerId=ALICE,
        FastLinkMode="true",
        **{"Tag.1.Key": "Created", "Tag.1.Value": "TF"},
    )["RouterInterfaceId"]
    terraform.wait(made, "Active")
    about = {"RouterInterfaceId": made}
    terraform.call("ModifyRouterInterfaceAttribute", **about, Name="tf-renamed")
    assert terraform.call("ModifyRouterInterfaceSpec", **about, Spec="Mini.5", ClientToken="tf-1")["Spec"] == "Mini.5"
    terraform.call("DeactivateRouterInterface", **about)
    terraform.wait(made, "Inactive")
    terraform.call("ActivateRouterInterface", **about)
    terraform.wait(made, "Active")
    group = {"ResourceType": "ROUTERINTERFACE", "ResourceId": made}
    terraform.call("ChangeResourceGroup", **group, NewResourceGroupId="rg-tf")
    shown = terraform.shown(made)
    assert (shown["Name"], shown["Spec"], shown["ResourceGroupId"]) == ("tf-renamed", "Mini.5", "rg-tf")
    assert shown["Tags"] == {"Tags": [{"Key": "Created", "Value": "TF"}]}
    terraform.call("DeleteExpressConnect", **about, Force="true", ClientToken="tf-2")
    assert terraform.shown(made)["RouterInterfaceId"] == ""


@pytest.mark.parametrize("which", LIBRARIES)
def test_errors_arrive_as_each_library_raises_them(town: Town, which: str) -> None:
    alice = town.client(which)
    missing = alice.refused("ConnectRouterInterface", RouterInterfaceId="ri-nobody")
    assert missing.code == "InvalidRouterInterfaceId.NotFound"
    assert "The specified RouterInterfaceId does not exist in our record." in missing.message
    (vpc,) = town.vpcs(alice, 1)
    first, second = new_end(alice, vpc.router, INITIATING), new_end(alice, vpc.router, ACCEPTING)
    for action, end, code in (
        ("Connect", first, "IncorrectOppositeInterfaceInfo.NotSet"),
        ("Connect", second, "IncorrectRole.NotInitiatingSide"),
        ("Deactivate", first, "IncorrectStatus"),
        ("Activate", first, "IncorrectRIStatus"),
    ):
        assert alice.refused(f"{action}RouterInterface", RouterInterfaceId=end.id).code == code
    for end in (first, second):
        act(end, "Delete")
    stranger = Key(ALICE, alice.key.id, "not the secret")
    with client(which, town.url, stranger) as forger:
        assert forger.refused("DescribeVpcs").code in {"SignatureDoesNotMatch", "InvalidAccessKeySecret"}
    with client(which, town.url, Key(ALICE, "LTAInobody", "secret")) as nobody:
        assert nobody.refused("DescribeVpcs").code == "InvalidAccessKeyId.NotFound"


def test_what_was_made_through_the_api_outlives_the_program_and_ends_when_it_is_deleted(tmp_path: Path) -> None:
    install()
    topology, folder = tmp_path / "town.yaml", tmp_path / "peering"
    topology.write_text(TOPOLOGY)
    with peering_up(topology, folder, PEERING_LISTEN="127.0.0.1:0") as up:
        keys = keys_of(up)
        with client("old", up.url, keys[ALICE]) as alice:
            one, two = new_vpc(alice), new_vpc(alice)
            first, second = new_end(alice, one.router, INITIATING), new_end(alice, two.router, ACCEPTING)
            connect(first, second)
    with peering_up(topology, folder, PEERING_LISTEN="127.0.0.1:0") as up:
        assert keys_of(up) == keys
        with client("old", up.url, keys[ALICE]) as alice:
            first, second = replace(first, owner=alice), replace(second, owner=alice)
            alice.wait(first.id, "Active")
            assert up.desk.done("show", first.id)["status"] == "Activated"
            act(second, "Deactivate")
            alice.wait(first.id, "Inactive")
            assert alice.refused("DeleteVpc", VpcId=one.id).code == "DependencyViolation.RouterInterface"
            for end in (first, second):
                act(end, "Delete")
                alice.wait(end.id, "")
            assert running_with(f"stores/{one.id}.sqlite")
            alice.call("DeleteVpc", VpcId=one.id)
            assert not running_with(f"stores/{one.id}.sqlite")
            assert [vpc["VpcId"] for vpc in alice.call("DescribeVpcs")["Vpcs"]["Vpc"]] == [two.id, "vpc-alice"]
