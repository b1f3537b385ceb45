"""The states of two ends in which a call can be refused; each returns both ids, the initiating end's first."""

from __future__ import annotations

from typing import Any

from tests.unit.cloud_server import ABROAD, ALICE, Api


async def nothing(_: Api) -> tuple[str, str]:
    return "", ""


async def idle(api: Api) -> tuple[str, str]:
    return await api.create("vrt-a", "InitiatingSide"), await api.create("vrt-c", "AcceptingSide")


async def configured(api: Api) -> tuple[str, str]:
    return await api.pair(connected=False)


async def active(api: Api) -> tuple[str, str]:
    return await api.pair()


async def connecting(api: Api) -> tuple[str, str]:
    one, two = await idle(api)
    await api.point(one, two, "vrt-c")
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    return one, two


async def inactive(api: Api) -> tuple[str, str]:
    one, two = await active(api)
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    return one, two


async def widowed(api: Api) -> tuple[str, str]:
    one, two = await inactive(api)
    await api.call("DeleteRouterInterface", RouterInterfaceId=one)
    return one, two


async def owing(api: Api) -> tuple[str, str]:
    return await _owing(api, await active(api))


async def idle_and_owing(api: Api) -> tuple[str, str]:
    return await _owing(api, await configured(api))


async def _owing(api: Api, ends: tuple[str, str]) -> tuple[str, str]:
    for interface in ends:
        business = {"business_status": "FinancialLocked"}
        answer = await api.own.put(f"/_peering/interfaces/{interface}/business-status", json=business)
        assert answer.status_code == 200
    return ends


async def routed(api: Api) -> tuple[str, str]:
    one, two = await inactive(api)
    await api.call(
        "CreateRouteEntry",
        RouteTableId="vtb-a",
        DestinationCidrBlock="10.1.0.0/16",
        NextHopType="RouterInterface",
        NextHopId=one,
    )
    return one, two


async def prepaid(api: Api) -> tuple[str, str]:
    more: dict[str, Any] = {"InstanceChargeType": "PrePaid", "Period": 1, "OppositeRegionId": ABROAD}
    return await api.create("vrt-a", "InitiatingSide", **more), ""


async def to_its_own_router(api: Api) -> tuple[str, str]:
    one, two = await api.create("vrt-a", "InitiatingSide"), await api.create("vrt-a", "AcceptingSide")
    await api.point(one, two, "vrt-a")
    return one, two


async def a_second_pair(api: Api) -> tuple[str, str]:
    await active(api)
    return await configured(api)


async def a_second_pair_at_once(api: Api) -> tuple[str, str]:
    await connecting(api)
    return await configured(api)


async def busy(api: Api) -> tuple[str, str]:
    """Work that goes on, because nothing of it is heard opposite."""
    one, two = await active(api)
    api.world.deaf.add("vpc-c")
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    return one, two


async def connecting_still(api: Api) -> tuple[str, str]:
    """Both name each other, and the work goes on."""
    one, two = await configured(api)
    api.world.deaf.add("vpc-c")
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    return one, two


async def fast_link(api: Api) -> tuple[str, str]:
    opposite = {"OppositeRouterType": "VRouter", "OppositeRouterId": "vrt-c", "OppositeInterfaceOwnerId": ALICE}
    one = await api.create("vbr-a", "InitiatingSide", ALICE, FastLinkMode="true", **opposite)
    return one, str((await api.shown(one))["OppositeInterfaceId"])


async def five(api: Api) -> tuple[str, str]:
    ids = [await api.create("vrt-a", "InitiatingSide") for _ in range(4)]
    return ids[0], await api.create("vrt-a", "AcceptingSide")
