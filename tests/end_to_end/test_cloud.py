"""Tests of the cloud's API with the cloud's own clients, unmodified, against `peering up` with real workers."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.clients.calling import Key, client, install
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
from tests.end_to_end.clients.simulator import ALICE, BOB, CLIENTS, LIBRARIES, TOPOLOGY, Simulator, keys_of
from tests.end_to_end.programs import PEERING, Up, peering_up, read_until, running_with, surroundings


@pytest.mark.parametrize("which", LIBRARIES)
def test_the_official_example_same_account(simulator: Simulator, which: str) -> None:
    alice = simulator.client(which)
    one, two = simulator.vpcs(alice)
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
def test_the_other_ways_in_which_two_of_them_sign(simulator: Simulator, which: str) -> None:
    alice = simulator.client(which)
    one, two = simulator.vpcs(alice)
    first, second = new_end(alice, one.router, INITIATING), new_end(alice, two.router, ACCEPTING)
    connect(first, second)
    take_down(first, second)


@pytest.mark.parametrize("which", LIBRARIES)
def test_two_accounts_each_with_its_own_key(simulator: Simulator, which: str) -> None:
    alice, bob = simulator.client(which), simulator.client(which, BOB, "cn-beijing")
    (one,), (two,) = simulator.vpcs(alice, 1), simulator.vpcs(bob, 1)
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
def test_fast_link_makes_both_ends_of_a_vbr_and_one_call_deletes_them(simulator: Simulator, which: str) -> None:
    alice = simulator.client(which)
    border = alice.call("CreateVirtualBorderRouter", PhysicalConnectionId="pc-1", VlanId=7)["VbrId"]
    filters = [{"Key": "VbrId", "Value": [border]}]
    listed = alice.call("DescribeVirtualBorderRouters", Filter=filters)["VirtualBorderRouterSet"]
    access_point = listed["VirtualBorderRouterType"][0]["AccessPointId"]
    (vpc,) = simulator.vpcs(alice, 1)
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


def test_many_clients_at_once(simulator: Simulator) -> None:
    clients = [simulator.client(which) for which in CLIENTS]
    one, two = simulator.vpcs(clients[0])
    ends = new_end(clients[0], one.router, INITIATING), new_end(clients[0], two.router, ACCEPTING)
    connect(*ends)
    with ThreadPoolExecutor(len(clients)) as pool:
        seen = list(pool.map(lambda one: [one.status(ends[0].id) for _ in range(20)], clients))
    assert seen == [["Active"] * 20] * len(clients)
    take_down(*ends)


@pytest.mark.parametrize("which", LIBRARIES)
def test_errors_arrive_as_each_library_raises_them(simulator: Simulator, which: str) -> None:
    alice = simulator.client(which)
    missing = alice.refused("ConnectRouterInterface", RouterInterfaceId="ri-nobody")
    assert missing.code == "InvalidRouterInterfaceId.NotFound"
    assert "The specified RouterInterfaceId does not exist in our record." in missing.message
    (vpc,) = simulator.vpcs(alice, 1)
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
    with client(which, simulator.url, stranger) as forger:
        assert forger.refused("DescribeVpcs").code in {"SignatureDoesNotMatch", "InvalidAccessKeySecret"}
    with client(which, simulator.url, Key(ALICE, "LTAInobody", "secret")) as nobody:
        assert nobody.refused("DescribeVpcs").code == "InvalidAccessKeyId.NotFound"


def test_a_worker_that_cannot_start_is_an_error_of_one_call_and_can_be_tried_again(simulator: Simulator) -> None:
    alice = simulator.client("old")
    vpc = new_vpc(alice)
    spoilt = simulator.folder / "stores" / f"{vpc.id}.sqlite"
    spoilt.write_bytes(b"this is no store " * 1000)
    wanted = {"Role": INITIATING, "Spec": "Large.2", "RouterType": "VRouter", "RouterId": vpc.router}
    refused = alice.refused("CreateRouterInterface", **wanted, OppositeRegionId="cn-hangzhou")
    assert (refused.status, refused.code) == (500, "InternalError")
    assert f"the worker of {vpc.id} refuses to start" in refused.message
    spoilt.unlink()
    end = new_end(alice, vpc.router, INITIATING)
    act(end, "Delete")
    alice.wait(end.id, "")
    alice.call("DeleteVpc", VpcId=vpc.id)


def test_what_was_made_through_the_api_outlives_the_program_and_ends_when_it_is_deleted(tmp_path: Path) -> None:
    install()
    topology, folder = tmp_path / "simulator.yaml", tmp_path / "peering"
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
            assert up.terminal.done("show", first.id)["status"] == "Activated"
            seen_through_another_window(up, tmp_path / "other", first.id)
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


def seen_through_another_window(up: Up, folder: Path, interface: str) -> None:
    """`peering serve` beside it: the same statuses for its own keys, and no workers to start."""
    command = [*PEERING, "serve", "--topology", str(up.folder / "context.json"), "--folder", str(folder), "--json"]
    with subprocess.Popen(
        command, env=surroundings(PEERING_LISTEN="127.0.0.1:0"), stdout=subprocess.PIPE, text=True
    ) as program:
        ready = read_until(program, event="ready")
        key = next(one for one in ready["keys"] if one["account"] == ALICE)
        with client("old", ready["url"], Key(ALICE, key["access_key_id"], key["access_key_secret"])) as alice:
            assert alice.status(interface) == "Active"
            assert alice.refused("CreateVpc", CidrBlock="10.0.0.0/8").code == "QuotaExceeded.Vpc"
        program.terminate()
        assert read_until(program, event="stopped")["url"] == ready["url"]
    assert program.returncode == 0
