"""Tests of the values that the documentation allows and refuses, and that what was written is read."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from console.web.cloud.actions.routes import ROUTES_PER_TABLE
from console.web.cloud.answers import written
from console.web.cloud.records import RouteEntry, Router
from tests.unit.cloud_server import ALICE, REGION, Api


def route(destination: str, table: str = "vtb-a", **more: object) -> dict[str, object]:
    return {"RouteTableId": table, "DestinationCidrBlock": destination, "NextHopId": "i-1", **more}


OK, DRY, BAD_NAME = (200, "OK"), (400, "DryRunOperation"), (400, "InvalidName.Malformed")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *((name, DRY) for name in ("prod vpc 1", "10-net", "p", "net/a", "\u73af\u5883-1", "x" * 128)),
        *((name, BAD_NAME) for name in ("http://x", "https://x", "x" * 129)),
    ],
)
async def test_a_vpc_may_be_called_anything_but_an_address(api: Api, name: str, answer: tuple[int, str]) -> None:
    assert await api.code("CreateVpc", CidrBlock="10.0.0.0/16", VpcName=name, DryRun="true") == answer
    wanted = OK if answer == DRY else (400, "InvalidRouteEntryName.Malformed")
    assert await api.code("CreateRouteEntry", **route("10.0.0.0/16", RouteEntryName=name)) == wanted


@pytest.mark.parametrize(
    ("cidr", "answer"),
    [
        *((cidr, DRY) for cidr in ("10.0.0.0/8", "192.168.0.0/28", "11.0.0.0/16")),
        *((cidr, (400, "InvalidCidrBlock.Malformed")) for cidr in ("10.0.0.0/29", "127.0.0.0/16", "169.254.0.0/16")),
        *((cidr, (400, "InvalidCidrBlock.Malformed")) for cidr in ("100.64.0.0/16", "224.0.0.0/8", "10.0.0.0/16 ")),
    ],
)
async def test_a_vpc_has_no_reserved_range(api: Api, cidr: str, answer: tuple[int, str]) -> None:
    assert await api.code("CreateVpc", CidrBlock=cidr, DryRun="true") == answer


@pytest.mark.parametrize(
    ("destination", "answer", "kept"),
    [
        ("10.5.0.0/16", OK, "10.5.0.0/16"),
        ("2001:db8::/64", OK, "2001:db8::/64"),
        ("192.168.0.1/24", OK, "192.168.0.0/24"),
        ("192.168.7.7", OK, "192.168.7.7/32"),
        ("100.64.0.0/10", (400, "InvalidCidrBlock"), ""),
        ("100.96.0.0/11", (400, "InvalidCidrBlock"), ""),
        ("172.16.0.0/12", (400, "InvalidCIDRBlock.Duplicate"), ""),
        ("10.0.0.0/33", (400, "InvalidCidrBlock.Malformed"), ""),
        ("pl-1", (400, "InvalidCidrBlock.Malformed"), ""),
    ],
)
async def test_where_a_route_may_lead(api: Api, destination: str, answer: tuple[int, str], kept: str) -> None:
    assert await api.code("CreateRouteEntry", **route(destination)) == answer
    listed = await api.call("DescribeRouteEntryList", RouteTableId="vtb-a", RouteEntryType="Custom")
    found = listed["RouteEntrys"]["RouteEntry"]
    assert [one["DestinationCidrBlock"] for one in found] == ([kept] if kept else [])
    if kept:
        assert found[0]["IpVersion"] == ("ipv6" if ":" in kept else "ipv4")
        assert await api.code("DeleteRouteEntry", RouteTableId="vtb-a", DestinationCidrBlock=destination) == OK


async def test_each_error_of_a_route_has_its_documented_code(api: Api) -> None:
    api.cloud.store.remove(Router(id="vrt-a", account=ALICE))  # it has the same route table as vbr-a
    one, border = await api.create("vbr-a", "InitiatingSide"), "vtb-a"
    facing = {"OppositeRouterType": "VBR", "OppositeAccessPointId": "ap-1"}
    two = await api.create("vrt-d", "AcceptingSide", **facing)
    through = {"NextHopType": "RouterInterface"}
    three = await api.create("vrt-c", "AcceptingSide")
    for table, hop, again in (
        (border, one, "Duplicated.VpcNextHop"),
        ("vtb-c", three, "InvalidCIDRBlock.Duplicate"),
    ):
        asked = route("10.4.0.0/16", table, NextHopId=hop)
        assert await api.code("CreateRouteEntry", **asked, **through) == OK
        assert await api.code("CreateRouteEntry", **asked, **through) == (400, again)
    asked = route("10.5.0.0/16", "vtb-d", NextHopId="ri-nobody")
    assert await api.code("CreateRouteEntry", **asked, **through) == (400, "InvalidNextHop.NotFound")
    assert await api.code("CreateRouteEntry", **asked | {"NextHopType": "Rocket"}) == (400, "InvalidNextHopType")
    of_border = route("10.6.0.0/16", border)
    assert await api.code("CreateRouteEntry", **of_border) == (400, "InvalidNextHopType")
    idle = route("10.7.0.0/16", "vtb-d", NextHopId=two, **through)
    assert await api.code("CreateRouteEntry", **idle) == (400, "OperationDenied.VbrIdle")
    nowhere = route("10.7.0.0/16", "vtb-nowhere")
    assert await api.code("CreateRouteEntry", **nowhere) == (404, "InvalidRouteTableId.NotFound")
    unknown = route("10.8.1.0/24", "vtb-d", NextHopType="VpcPeer", NextHopId="pcc-nobody")
    assert await api.code("CreateRouteEntry", **unknown) == (400, "ResourceNotFound.VpcPeer")
    for kind in ("Ipv4Gateway", "Attachment"):
        assert await api.code("CreateRouteEntry", **route(f"10.8.{len(kind)}.0/24", "vtb-d", NextHopType=kind)) == OK


async def test_a_table_holds_so_many_routes_and_no_more(api: Api) -> None:
    for number in range(ROUTES_PER_TABLE):
        about = {"account": ALICE, "region": REGION, "table": "vtb-a", "next_hop_type": "Instance", "next_hop": "i-1"}
        made = {**about, "id": f"rte-{number}", "destination": f"10.{number}.0.0/16"}
        api.cloud.store.put(RouteEntry.model_validate(made))
    assert await api.code("CreateRouteEntry", **route("192.168.0.0/24")) == (400, "QuotaExceeded")


async def test_a_health_check_is_read_as_it_was_written(api: Api) -> None:
    facing = {"OppositeRouterType": "VBR", "OppositeAccessPointId": "ap-1"}
    addresses = {"HealthCheckSourceIp": "172.16.0.1", "HealthCheckTargetIp": "192.168.0.1"}
    one = await api.create("vrt-c", "AcceptingSide", **facing, **addresses)
    changes: tuple[dict[str, Any], ...]
    changes = {"HcRate": 2000, "HcThreshold": 7}, {"HcRate": 3000}, {"HcRate": 2500, "HcThreshold": 8}
    for given in changes:
        await api.call("ModifyRouterInterfaceAttribute", RouterInterfaceId=one, **given)
        shown = await api.shown(one)
        assert {name: shown[name] for name in given} == given
    await api.call("ModifyRouterInterfaceAttribute", RouterInterfaceId=one, DeleteHealthCheckIp="true", HcRate=2000)
    shown = await api.shown(one)
    assert (shown.get("HealthCheckSourceIp"), shown["HcRate"], shown["HcThreshold"]) == (None, 2000, 8)


async def test_what_the_models_call_numbers_are_numbers(api: Api) -> None:
    router = Router(id="vbr-x", account=ALICE, region=REGION, details={"VlanId": "7", "EnableIpv6": "True"})
    api.cloud.store.put(router)
    named = {"Filter.1.Key": "VbrId", "Filter.1.Value.1": "vbr-x"}
    (shown,) = (await api.call("DescribeVirtualBorderRouters", **named))["VirtualBorderRouterSet"][
        "VirtualBorderRouterType"
    ]
    assert (shown["VlanId"], shown["EnableIpv6"]) == (7, True)


async def test_the_type_of_an_opposite_router_is_always_said(api: Api) -> None:
    one = await api.create("vrt-a", "InitiatingSide")
    assert (await api.shown(one))["OppositeRouterType"] == "VRouter"


def test_xml_keeps_the_lines_of_a_text() -> None:
    text, _ = written({"Description": "one\ntwo\tthree\x00"}, "Root", xml=True)
    assert ET.fromstring(text).findtext("Description") == "one\ntwo\tthree"  # noqa: S314 - our own answer


@pytest.mark.parametrize(
    "kept", ["one\r\ntwo", "\u3000wide\u00a0hard", "\u200d\U0001f468\u200d\U0001f469", "\ue000\ufeff"]
)
def test_xml_keeps_every_character_that_it_can_write(kept: str) -> None:
    text, _ = written({"Description": f"\x08{kept}\ufffe"}, "Root", xml=True)
    assert ET.fromstring(text).findtext("Description") == kept  # noqa: S314 - our own answer
