"""Tests of Connect towards an end that does not point back: it waits, its owner can delete it, a rule refuses it."""

from __future__ import annotations

import pytest

from console.web.cloud import interfaces
from tests.unit.cloud_server import ABROAD, ALICE, BOB, REGION, Api
from tests.waiting import wait_for


async def test_connect_waits_for_a_peer_that_does_not_point_back(api: Api) -> None:
    one = await api.create("vrt-a", "InitiatingSide", OppositeRegionId=ABROAD)
    two = await api.create("vrt-b", "AcceptingSide", BOB, OppositeRegionId=REGION)
    await api.point(one, two, "vrt-b", OppositeInterfaceOwnerId=BOB)
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == "Connecting"
    assert await api.status(two, BOB) == "Idle"
    await api.point(two, one, "vrt-a", BOB, OppositeInterfaceOwnerId=ALICE)

    async def connected() -> bool:
        api.world.tick()
        return (await api.status(one), await api.status(two, BOB)) == ("Active", "Active")

    await wait_for(connected, 60)
    shown = await api.shown(one)
    assert (shown["CrossBorder"], shown["OppositeInterfaceOwnerId"]) == (True, BOB)


@pytest.mark.parametrize(
    ("action", "peer"),
    [
        *(("DeleteRouterInterface", peer) for peer in ("ri-nobody", "idle", "away", "far")),
        *(("DeleteExpressConnect", peer) for peer in ("ri-nobody", "idle", "far")),
    ],
)
async def test_an_end_that_connects_in_vain_can_be_deleted_by_its_owner(api: Api, action: str, peer: str) -> None:
    region = ABROAD if peer == "far" else REGION
    one = await api.create("vrt-a", "InitiatingSide", OppositeRegionId=region)
    two = await api.create("vrt-c", "AcceptingSide")
    if peer == "far":
        await api.point(two, one, "vrt-a")
    await api.point(one, peer if peer.startswith("ri-") else two, "vrt-c")
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == "Connecting"
    if peer == "away":
        api.world.silent.add("vpc-c")
    await api.call(action, RouterInterfaceId=one)
    api.world.silent.clear()
    api.world.tick()
    assert await api.status(one) == ""
    assert await api.status(two) == "Idle"


async def test_connect_is_refused_until_the_other_end_points_back_where_a_rule_wants_that(api: Api) -> None:
    one, two = await api.create("vrt-a", "InitiatingSide"), await api.create("vrt-c", "AcceptingSide")
    await api.point(one, two, "vrt-c")
    await api.own.post("/_peering/rules", json={"do": "both-set", "account": ALICE})
    refused = await api.refused("ConnectRouterInterface", RouterInterfaceId=one)
    assert refused == (400, "IncorrectOppositeInterfaceInfo.NotSet")
    assert await api.status(one) == "Idle"
    await api.point(two, one, "vrt-a")
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    assert [await api.status(end) for end in (one, two)] == ["Active", "Active"]


async def test_only_the_end_that_holds_is_shown_inactive_where_a_rule_wants_that(api: Api) -> None:
    """Terraform's legacy resource activates what it reads as Inactive and waits; so it finds the end that holds."""
    one, two = await api.pair()
    await api.own.post("/_peering/rules", json={"do": "each-end"})
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    assert [await api.status(end) for end in (one, two)] == ["Inactive", "Active"]
    await api.call("DeactivateRouterInterface", RouterInterfaceId=two)
    assert [await api.status(end) for end in (one, two)] == ["Inactive", "Inactive"]
    await api.call("ActivateRouterInterface", RouterInterfaceId=one)
    assert [await api.status(end) for end in (one, two)] == ["Active", "Inactive"]
    await api.call("ActivateRouterInterface", RouterInterfaceId=two)
    assert [await api.status(end) for end in (one, two)] == ["Active", "Active"]


async def test_an_end_whose_initiating_end_fell_silent_can_be_deleted_by_its_owner(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await api.pair(connected=False)
    api.world.silent.add("vpc-c")
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    api.world.silent = {"vpc-a"}
    monkeypatch.setattr(interfaces, "PATIENCE_SECONDS", 0.3)

    async def accepting() -> bool:
        api.world._run("vpc-a", [])
        return await api.status(two) == "AcceptingConnecting"

    await wait_for(accepting, 30)
    await api.call("DeleteRouterInterface", RouterInterfaceId=two)
    assert await api.status(two) in {"", "Deleting"}
