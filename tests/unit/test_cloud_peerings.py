"""Tests of VPC peering connections (VpcPeer 2022-01-01): accepted, rejected, expired, deleted, listed."""

from __future__ import annotations

from typing import Any

import pytest

from console.web.cloud.records import RouterInterface
from shared.runtime.retransmission import RetransmissionPolicy
from tests.unit.cloud_server import (
    ABROAD,
    ALICE,
    BOB,
    KEYS,
    REGION,
    Answered,
    Api,
    common,
    rpc_signed,
)
from tests.waiting import wait_for

VERSION = "2022-01-01"


async def called(api: Api, action: str, account: str = ALICE, **parameters: object) -> dict[str, Any]:
    """Call an action of VpcPeer. Raises Answered."""
    key, secret = KEYS[account]
    texts = {name.replace("_", "."): str(value) for name, value in parameters.items()}
    asked = {**texts, **common(key, action), "Version": VERSION}
    response = await api.http.post("/", data=rpc_signed("POST", asked, secret))
    if response.status_code != 200:
        raise Answered(response)
    body: dict[str, Any] = response.json()
    return body


async def refused(api: Api, action: str, account: str = ALICE, **parameters: object) -> str:
    """The code with which a call has to be refused."""
    with pytest.raises(Answered) as caught:
        await called(api, action, account, **parameters)
    assert caught.value.status == 400
    return caught.value.code


async def asked(api: Api, **more: object) -> str:
    """Alice asks for a connection of vpc-a with Bob's vpc-b, abroad; his worker has answered."""
    where: dict[str, object] = {"RegionId": REGION, "VpcId": "vpc-a"}
    whom: dict[str, object] = {"AcceptingAliUid": BOB, "AcceptingRegionId": ABROAD, "AcceptingVpcId": "vpc-b"}
    name = str((await called(api, "CreateVpcPeerConnection", ALICE, **where | whom | more))["InstanceId"])
    await seen(api, name, "Accepting")
    return name


async def shown(api: Api, name: str, account: str = ALICE) -> dict[str, Any]:
    return await called(api, "GetVpcPeerConnectionAttribute", account, InstanceId=name)


async def status(api: Api, name: str, account: str = ALICE) -> str:
    """Its status; that it is not there, as Deleted."""
    try:
        return str((await shown(api, name, account))["Status"])
    except Answered as error:
        return "Deleted" if error.code == "ResourceNotFound.InstanceId" else error.code


async def seen(api: Api, name: str, *wanted: str) -> None:
    """Alice and Bob see these, after some ticks of the workers' clocks."""

    async def there() -> bool:
        api.world.tick()
        return (await status(api, name), await status(api, name, BOB)) == (wanted[0], wanted[-1])

    await wait_for(there, 20)


async def test_a_request_is_accepted_by_the_other_account(api: Api) -> None:
    name = await asked(api, Name="asked-for", Bandwidth=100, Tag_1_Key="team", Tag_1_Value="one")
    assert name.startswith("pcc-")
    assert await refused(api, "AcceptVpcPeerConnection", InstanceId=name) == "ResourceNotFound.InstanceId"
    await called(api, "AcceptVpcPeerConnection", BOB, InstanceId=name, ResourceGroupId="rg-of-bob")
    await seen(api, name, "Activated")
    alices, bobs = await shown(api, name), await shown(api, name, BOB)
    assert (alices["OwnerId"], alices["AcceptingOwnerUid"]) == (int(ALICE), int(BOB))
    assert (alices["RegionId"], alices["AcceptingRegionId"], alices["Bandwidth"]) == (REGION, ABROAD, 100)
    assert (alices["Vpc"]["VpcId"], alices["AcceptingVpc"]["VpcId"]) == ("vpc-a", "vpc-b")
    assert alices["Tags"] == [{"Key": "team", "Value": "one"}]
    assert (bobs["Tags"], bobs["ResourceGroupId"], bobs["Name"]) == ([], "rg-of-bob", "asked-for")
    assert await refused(api, "AcceptVpcPeerConnection", BOB, InstanceId=name) == "IncorrectStatus.VpcPeer"
    assert await refused(api, "RejectVpcPeerConnection", BOB, InstanceId=name) == "IncorrectStatus.VpcPeer"


async def test_a_request_is_rejected(api: Api) -> None:
    name = await asked(api)
    await called(api, "RejectVpcPeerConnection", BOB, InstanceId=name)
    await seen(api, name, "Rejected")
    assert await refused(api, "AcceptVpcPeerConnection", BOB, InstanceId=name) == "IncorrectStatus.VpcPeer"
    await called(api, "DeleteVpcPeerConnection", InstanceId=name)
    assert await status(api, name) == "Deleted"
    again = await asked(api)
    assert again != name


async def test_a_request_that_nobody_answers_expires(api: Api) -> None:
    name = await asked(api)
    api.world.ahead_seconds = 2 * RetransmissionPolicy().connect_timeout_seconds
    await seen(api, name, "Expired")
    for action in ("AcceptVpcPeerConnection", "RejectVpcPeerConnection"):
        assert await refused(api, action, BOB, InstanceId=name) == "IncorrectStatus.VpcPeer"
    await called(api, "DeleteVpcPeerConnection", InstanceId=name)
    await seen(api, name, "Deleted")


@pytest.mark.parametrize(("first", "second"), [(ALICE, BOB), (BOB, ALICE)])
async def test_either_deletes_and_both_see_it(api: Api, first: str, second: str) -> None:
    name = await asked(api)
    await called(api, "AcceptVpcPeerConnection", BOB, InstanceId=name)
    await seen(api, name, "Activated")
    await called(api, "DeleteVpcPeerConnection", first, InstanceId=name)
    await seen(api, name, "Deleted")
    assert (await called(api, "ListVpcPeerConnections", second))["TotalCount"] == 0
    await called(api, "DeleteVpcPeerConnection", second, InstanceId=name)
    for account in (ALICE, BOB):
        assert await refused(api, "DeleteVpcPeerConnection", account, InstanceId=name) == "ResourceNotFound.InstanceId"
    await asked(api)


async def test_a_request_is_taken_back_and_the_one_asked_cannot_delete_it(api: Api) -> None:
    name = await asked(api)
    assert await refused(api, "DeleteVpcPeerConnection", BOB, InstanceId=name) == "IncorrectStatus.VpcPeer"
    await called(api, "DeleteVpcPeerConnection", InstanceId=name)
    assert (await status(api, name), await status(api, name, BOB)) == ("Deleted", "Deleted")


async def test_of_one_account_it_comes_up_by_itself_and_is_deleted_whole(api: Api) -> None:
    wanted = {"RegionId": REGION, "VpcId": "vpc-a", "AcceptingRegionId": REGION, "AcceptingVpcId": "vpc-c"}
    name = (await called(api, "CreateVpcPeerConnection", **wanted, AcceptingAliUid=ALICE))["InstanceId"]

    async def up() -> bool:
        api.world.tick()
        return await status(api, name) == "Activated"

    await wait_for(up, 20)
    assert await status(api, name, BOB) == "Deleted"
    assert (await shown(api, name))["Bandwidth"] == -1
    assert await refused(api, "CreateVpcPeerConnection", **wanted) == "ResourceAlreadyExist.VpcPeer"
    await called(api, "DeleteVpcPeerConnection", InstanceId=name)
    assert await status(api, name) in {"Deleting", "Deleted"}


async def test_a_list_is_narrowed(api: Api) -> None:
    name = await asked(api, Name="first", Tag_1_Key="team", Tag_1_Value="one")
    near = {"RegionId": REGION, "VpcId": "vpc-a", "AcceptingRegionId": REGION, "AcceptingVpcId": "vpc-c"}
    other = (await called(api, "CreateVpcPeerConnection", **near))["InstanceId"]

    async def listed(account: str = ALICE, **filters: object) -> set[str]:
        body = await called(api, "ListVpcPeerConnections", account, **filters)
        return {one["InstanceId"] for one in body["VpcPeerConnects"]}

    assert await listed() == await listed(VpcId="vpc-a") == await listed(RegionId=REGION) == {name, other}
    assert await listed(VpcId="vpc-b,vpc-d") == await listed(RegionId=ABROAD) == {name}
    assert await listed(Name="first") == await listed(InstanceId=name) == await listed(BOB) == {name}
    assert await listed(Tags_1_Key="team", Tags_1_Value="one") == {name}
    assert await listed(Name="none") == await listed(ResourceGroupId="rg-none") == set()
    first = await called(api, "ListVpcPeerConnections", MaxResults=1)
    assert len(first["VpcPeerConnects"]) == 1
    assert await listed(MaxResults=1, NextToken=first["NextToken"]) == {name, other} - {
        first["VpcPeerConnects"][0]["InstanceId"]
    }


async def test_names_are_each_owners_and_the_bandwidth_is_the_connections(api: Api) -> None:
    name = await asked(api)
    await called(api, "AcceptVpcPeerConnection", BOB, InstanceId=name)
    await seen(api, name, "Activated")
    await called(api, "ModifyVpcPeerConnection", BOB, InstanceId=name, Name="bobs", Bandwidth=7, LinkType="Platinum")
    alices, bobs = await shown(api, name), await shown(api, name, BOB)
    assert (alices["Name"], bobs["Name"]) == ("", "bobs")
    assert {(one["Bandwidth"], one["LinkType"]) for one in (alices, bobs)} == {(7, "Platinum")}
    assert await refused(api, "ModifyVpcPeerConnection", InstanceId=name, Bandwidth=0) == "InvalidBandwidth.Malformed"


async def test_tags_and_groups_are_set_by_the_connections_id(api: Api) -> None:
    name = await asked(api)
    about = {"RegionId": REGION, "ResourceType": "PeerConnection"}
    await called(api, "TagResources", **about, ResourceId_1=name, Tag_1_Key="k", Tag_1_Value="v")
    await called(api, "MoveResourceGroup", **about, ResourceId=name, NewResourceGroupId="rg-2")
    one = await shown(api, name)
    assert (one["Tags"], one["ResourceGroupId"]) == ([{"Key": "k", "Value": "v"}], "rg-2")
    listed = (await called(api, "ListTagResources", **about))["TagResources"]
    assert listed == [{"ResourceId": name, "ResourceType": "PEERCONNECTION", "TagKey": "k", "TagValue": "v"}]
    await called(api, "UnTagResources", **about, ResourceId_1=name, TagKey_1="k")
    assert (await shown(api, name))["Tags"] == []
    with pytest.raises(Answered):
        await called(api, "TagResources", BOB, **about, ResourceId_1=name, Tag_1_Key="k", Tag_1_Value="v")


async def test_a_connection_is_found_without_anything_that_the_console_keeps(api: Api) -> None:
    name = await asked(api)
    await called(api, "AcceptVpcPeerConnection", BOB, InstanceId=name)
    await seen(api, name, "Activated")
    for record in api.cloud.store.every(RouterInterface):
        api.cloud.store.remove(record)
    await seen(api, name, "Activated")
    assert (await called(api, "ListVpcPeerConnections", BOB))["TotalCount"] == 1


async def test_a_route_leads_through_it_and_keeps_it_unless_forced(api: Api) -> None:
    name = await asked(api)
    hop = {"RouteTableId": "vtb-a", "DestinationCidrBlock": "10.9.0.0/16", "NextHopType": "VpcPeer"}
    assert await api.refused("CreateRouteEntry", **hop, NextHopId="pcc-nobody") == (400, "ResourceNotFound.VpcPeer")
    await api.call("CreateRouteEntry", **hop, NextHopId=name)
    assert await refused(api, "DeleteVpcPeerConnection", InstanceId=name) == "OperationDenied.RouteEntryExist"
    await called(api, "DeleteVpcPeerConnection", InstanceId=name, Force="true")
    assert await status(api, name) == "Deleted"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"VpcId": "vpc-b"}, "IncorrectStatus.Vpc"),
        ({"AcceptingVpcId": "vpc-nobody"}, "IncorrectStatus.AcceptingVpc"),
        (
            {"AcceptingAliUid": ALICE, "AcceptingRegionId": REGION, "AcceptingVpcId": "vpc-a"},
            "IncorrectStatus.AcceptingVpc",
        ),
        ({"DryRun": "true"}, "DryRunOperation"),
    ],
)
async def test_what_cannot_be_asked_for_makes_nothing(api: Api, changed: dict[str, str], code: str) -> None:
    wanted = {"RegionId": REGION, "VpcId": "vpc-a", "AcceptingAliUid": BOB, "AcceptingRegionId": ABROAD}
    assert await refused(api, "CreateVpcPeerConnection", **{**wanted, "AcceptingVpcId": "vpc-b", **changed}) == code
    assert (await called(api, "ListVpcPeerConnections"))["TotalCount"] == 0


async def test_dry_runs_change_nothing(api: Api) -> None:
    name = await asked(api)
    for action, account in (("Accept", BOB), ("Reject", BOB), ("Modify", ALICE), ("Delete", ALICE)):
        call = f"{action}VpcPeerConnection", account
        assert await refused(api, *call, InstanceId=name, DryRun="true") == "DryRunOperation"
        assert await refused(api, *call, InstanceId="pcc-nobody", DryRun="true") == "ResourceNotFound.InstanceId"
    assert await status(api, name) == "Accepting"


async def test_a_token_asks_once(api: Api) -> None:
    assert await asked(api, ClientToken="one") == await asked(api, ClientToken="one")
    assert (await called(api, "ListVpcPeerConnections"))["TotalCount"] == 1


async def test_router_interfaces_and_peerings_do_not_see_each_other(api: Api) -> None:
    name = await asked(api)
    assert (await api.call("DescribeRouterInterfaces"))["TotalCount"] == 0
    for _ in range(5):
        await api.create("vrt-a", "InitiatingSide")
    assert await status(api, name) == "Accepting"


async def test_a_silent_worker_is_not_a_missing_connection(api: Api) -> None:
    name = await asked(api)
    api.world.silent.add("vpc-a")
    with pytest.raises(Answered) as caught:
        await shown(api, name, BOB)
    assert caught.value.status == 503
