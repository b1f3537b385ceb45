"""Tests of VPC peering connections with the cloud's own library for them, unmodified, against real workers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.clients.calling import PEERING_LIBRARY, Client, CloudError, client, install
from tests.end_to_end.clients.simulator import ALICE, BOB, TOPOLOGY, Simulator, keys_of
from tests.end_to_end.programs import LIMIT_SECONDS, Terminal, peering_up
from tests.waiting import wait_for_blocking

pytestmark = pytest.mark.timeout(300)


def status(owner: Client, name: str) -> str:
    """What this account sees; Deleted if it is not there."""
    try:
        return str(owner.call("GetVpcPeerConnectionAttribute", InstanceId=name)["Status"])
    except CloudError as error:
        return "Deleted" if error.code == "ResourceNotFound.InstanceId" else error.code


def wait(name: str, wanted: str, *owners: Client) -> None:
    """Poll until each of these accounts sees this status."""
    for owner in owners:
        wait_for_blocking(partial(status, owner, name), LIMIT_SECONDS, until=lambda seen: seen == wanted)


def request(owner: Client, accepter: str = BOB, **more: object) -> str:
    """Ask for a connection of vpc-alice with vpc-bob."""
    whom = {"AcceptingAliUid": int(accepter), "AcceptingRegionId": "cn-hangzhou", "AcceptingVpcId": "vpc-bob"}
    return str(owner.call("CreateVpcPeerConnection", VpcId="vpc-alice", **whom, **more)["InstanceId"])


def both(simulator: Simulator) -> tuple[Client, Client]:
    return simulator.client(PEERING_LIBRARY), simulator.client(PEERING_LIBRARY, BOB)


def kill(simulator: Simulator, endpoint: str) -> None:
    """Kill an endpoint's worker; its supervisor starts it again."""
    terminal = Terminal(simulator.folder, ("--topology", str(simulator.folder / "context.json")))
    os.kill(int(terminal.done("worker", endpoint)["pid"]), signal.SIGKILL)


def test_two_accounts_with_a_worker_killed_before_and_after_the_acceptance(simulator: Simulator) -> None:
    alice, bob = both(simulator)
    name = request(alice, Name="asked-for", Tag=[{"Key": "team", "Value": "one"}])
    wait(name, "Accepting", alice, bob)
    listed = bob.call("ListVpcPeerConnections", VpcId=["vpc-bob"])
    assert [one["InstanceId"] for one in listed["VpcPeerConnects"]] == [name]
    kill(simulator, "vpc-alice")
    wait(name, "Accepting", alice, bob)
    bob.call("AcceptVpcPeerConnection", InstanceId=name)
    kill(simulator, "vpc-bob")
    wait(name, "Activated", alice, bob)
    assert bob.refused("AcceptVpcPeerConnection", InstanceId=name).code == "IncorrectStatus.VpcPeer"
    alice.call("ModifyVpcPeerConnection", InstanceId=name, Name="renamed", Description="one of two")
    one = alice.call("GetVpcPeerConnectionAttribute", InstanceId=name)
    assert (one["Name"], one["OwnerId"], one["AcceptingOwnerUid"]) == ("renamed", int(ALICE), int(BOB))
    assert (one["Vpc"]["VpcId"], one["AcceptingVpc"]["VpcId"]) == ("vpc-alice", "vpc-bob")
    assert one["Tags"] == [{"Key": "team", "Value": "one"}]
    tags = alice.call("ListTagResources", ResourceType="PeerConnection", ResourceId=[name])["TagResources"]
    assert [(tag["ResourceId"], tag["TagKey"]) for tag in tags] == [(name, "team")]
    bob.call("DeleteVpcPeerConnection", InstanceId=name)
    wait(name, "Deleted", alice, bob)
    alice.call("DeleteVpcPeerConnection", InstanceId=name)
    assert alice.call("ListVpcPeerConnections")["TotalCount"] == 0


def test_a_rejected_request(simulator: Simulator) -> None:
    alice, bob = both(simulator)
    name = request(alice)
    wait(name, "Accepting", alice, bob)
    bob.call("RejectVpcPeerConnection", InstanceId=name)
    wait(name, "Rejected", alice, bob)
    assert bob.refused("AcceptVpcPeerConnection", InstanceId=name).code == "IncorrectStatus.VpcPeer"
    for owner in (alice, bob):
        owner.call("DeleteVpcPeerConnection", InstanceId=name)
        wait(name, "Deleted", owner)


def test_two_vpcs_of_one_account_and_the_library_of_the_vpc_beside_it(simulator: Simulator) -> None:
    alice, _ = both(simulator)
    one, two = simulator.vpcs(simulator.client("new"))
    where = {"AcceptingAliUid": int(ALICE), "AcceptingRegionId": "cn-hangzhou", "AcceptingVpcId": two.id}
    assert alice.refused("CreateVpcPeerConnection", VpcId=one.id, **where, DryRun=True).code == "DryRunOperation"
    name = str(alice.call("CreateVpcPeerConnection", VpcId=one.id, **where)["InstanceId"])
    wait(name, "Activated", alice)
    alice.call("DeleteVpcPeerConnection", InstanceId=name, Force=True)
    wait(name, "Deleted", alice)


@contextmanager
def impatient(folder: Path) -> Iterator[tuple[Client, Client]]:
    """A simulator whose workers give up soon, and a client of each account."""
    install()
    topology = folder / "simulator.yaml"
    topology.write_text(TOPOLOGY)
    given = {"PEERING_LISTEN": "127.0.0.1:0", "PEERING_CONNECT_TIMEOUT_SECONDS": "2"}
    with peering_up(topology, folder / "peering", **given) as up:
        keys = keys_of(up)
        with client(PEERING_LIBRARY, up.url, keys[ALICE]) as alice, client(PEERING_LIBRARY, up.url, keys[BOB]) as bob:
            yield alice, bob


def test_a_request_that_nobody_answers(tmp_path: Path) -> None:
    with impatient(tmp_path) as (alice, bob):
        name = request(alice)
        wait(name, "Expired", alice, bob)
        assert bob.refused("AcceptVpcPeerConnection", InstanceId=name).code == "IncorrectStatus.VpcPeer"
        alice.call("DeleteVpcPeerConnection", InstanceId=name)
        wait(name, "Deleted", alice, bob)
