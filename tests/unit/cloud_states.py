"""States of two ends in which a call can be refused; each returns the ids of the initiating and the accepting end."""

from __future__ import annotations

from typing import Any

from tests.unit.cloud_desk import ABROAD, ALICE, Town


async def nothing(_: Town) -> tuple[str, str]:
    return "", ""


async def idle(town: Town) -> tuple[str, str]:
    return await town.create("vrt-a", "InitiatingSide"), await town.create("vrt-c", "AcceptingSide")


async def configured(town: Town) -> tuple[str, str]:
    return await town.pair(connected=False)


async def active(town: Town) -> tuple[str, str]:
    return await town.pair()


async def connecting(town: Town) -> tuple[str, str]:
    one, two = await idle(town)
    await town.point(one, two, "vrt-c")
    await town.call("ConnectRouterInterface", RouterInterfaceId=one)
    return one, two


async def inactive(town: Town) -> tuple[str, str]:
    one, two = await active(town)
    await town.call("DeactivateRouterInterface", RouterInterfaceId=one)
    return one, two


async def widowed(town: Town) -> tuple[str, str]:
    one, two = await inactive(town)
    await town.call("DeleteRouterInterface", RouterInterfaceId=one)
    return one, two


async def owing(town: Town) -> tuple[str, str]:
    return await _owing(town, await active(town))


async def idle_and_owing(town: Town) -> tuple[str, str]:
    return await _owing(town, await configured(town))


async def _owing(town: Town, ends: tuple[str, str]) -> tuple[str, str]:
    for interface in ends:
        business = {"business_status": "FinancialLocked"}
        answer = await town.http.put(f"/_peering/interfaces/{interface}/business-status", json=business)
        assert answer.status_code == 200
    return ends


async def routed(town: Town) -> tuple[str, str]:
    one, two = await inactive(town)
    await town.call(
        "CreateRouteEntry",
        RouteTableId="vtb-a",
        DestinationCidrBlock="10.1.0.0/16",
        NextHopType="RouterInterface",
        NextHopId=one,
    )
    return one, two


async def prepaid(town: Town) -> tuple[str, str]:
    more: dict[str, Any] = {"InstanceChargeType": "PrePaid", "Period": 1, "OppositeRegionId": ABROAD}
    return await town.create("vrt-a", "InitiatingSide", **more), ""


async def to_its_own_router(town: Town) -> tuple[str, str]:
    one, two = await town.create("vrt-a", "InitiatingSide"), await town.create("vrt-a", "AcceptingSide")
    await town.point(one, two, "vrt-a")
    return one, two


async def a_second_pair(town: Town) -> tuple[str, str]:
    await active(town)
    return await configured(town)


async def a_second_pair_at_once(town: Town) -> tuple[str, str]:
    await connecting(town)
    return await configured(town)


async def busy(town: Town) -> tuple[str, str]:
    one, two = await active(town)
    await town.http.post("/_peering/rules", json={"do": "hold", "interface": one, "status": "Activating"})
    return one, two


async def fast_link(town: Town) -> tuple[str, str]:
    opposite = {"OppositeRouterType": "VRouter", "OppositeRouterId": "vrt-c", "OppositeInterfaceOwnerId": ALICE}
    one = await town.create("vbr-a", "InitiatingSide", ALICE, FastLinkMode="true", **opposite)
    return one, str((await town.shown(one))["OppositeInterfaceId"])


async def five(town: Town) -> tuple[str, str]:
    ids = [await town.create("vrt-a", "InitiatingSide") for _ in range(4)]
    return ids[0], await town.create("vrt-a", "AcceptingSide")
