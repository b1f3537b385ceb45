"""Tests of calls that end without an answer: the worker hangs after any of its requests, and the call comes again.

An answer of 5xx is *not known*, never *not done*; the same ClientToken has to end in one thing, as it was asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from console.web.cloud import interfaces
from shared.broker.messages import OutgoingMessage, PublishResult
from tests.unit.cloud_server import ALICE, REGION, Answered, Api, api_in, cloud_world
from tests.unit.console_world import FakeConnection, World

PATIENCE_SECONDS = 0.3
"""While workers hang; otherwise they have as long as a real call."""
CUTS = 9
"""More than any of these calls asks its workers."""


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch, world: World, after: int, *, carried_out: bool) -> Iterator[None]:
    """Let the workers hang after that many requests: the next is carried out and not answered, or not even that."""
    carry = FakeConnection.publish
    seen: set[str] = set()

    async def publish(self: FakeConnection, message: OutgoingMessage) -> PublishResult:
        if message.correlation_id:
            seen.add(message.correlation_id)
        if len(seen) > after:
            world.lose_replies = 10**6
            if not carried_out or len(seen) > after + 1:
                world.silent |= set(world.workers)
        return await carry(self, message)

    with monkeypatch.context() as patched:
        patched.setattr(interfaces, "PATIENCE_SECONDS", PATIENCE_SECONDS)
        patched.setattr(FakeConnection, "publish", publish)
        yield
    world.lose_replies = 0
    world.silent.clear()


class Case(NamedTuple):
    """A call that may come twice, what is there before it, and what is there once it was done."""

    action: str
    before: Callable[[Api], Awaitable[str]]
    parameters: Mapping[str, str]
    after: Callable[[Api, str], Awaitable[object]]
    wanted: object


async def nothing(_: Api) -> str:
    return ""


async def idle(api: Api) -> str:
    return await api.create("vrt-a", "InitiatingSide")


async def configured(api: Api) -> str:
    return (await api.pair(connected=False))[0]


async def active(api: Api) -> str:
    return (await api.pair())[0]


async def inactive(api: Api) -> str:
    one = await active(api)
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    return one


async def all_of_them(api: Api, _: str) -> object:
    api.world.tick()
    listed = (await api.call("DescribeRouterInterfaces", PageSize=50))["RouterInterfaceSet"]["RouterInterfaceType"]
    return sorted(
        (one["RouterId"], one.get("Description", ""), one["Status"], len(one["Tags"]["Tags"])) for one in listed
    )


async def its_status(api: Api, one: str) -> object:
    api.world.tick()
    return await api.status(one)


async def its_spec(api: Api, one: str) -> object:
    return (await api.shown(one)).get("Spec")


async def routes(api: Api, _: str) -> object:
    listed = await api.call("DescribeRouteEntryList", RouteTableId="vtb-a", RouteEntryType="Custom")
    return listed["TotalCount"]


ABOUT = {"RouterInterfaceId": "{i}"}
NEW = {"Role": "InitiatingSide", "Spec": "Mini.2", "OppositeRegionId": REGION, "Description": "as wanted"}
VPC, VBR = {"RouterType": "VRouter", "RouterId": "vrt-a"}, {"RouterType": "VBR", "RouterId": "vbr-a"}
PEER = {"OppositeInterfaceId": "ri-peer", "OppositeRouterId": "vrt-c"}
TAG = {"Tag.1.Key": "k", "Tag.1.Value": "v"}
FAST = {
    "FastLinkMode": "true",
    "AccessPointId": "ap-1",
    "OppositeRouterType": "VRouter",
    "OppositeRouterId": "vrt-c",
    "OppositeInterfaceOwnerId": ALICE,
}
BOTH = [("vbr-a", "as wanted", "Active", 0), ("vrt-c", "", "Active", 0)]
HOP = {"RouteTableId": "vtb-a", "DestinationCidrBlock": "10.9.0.0/16", "NextHopType": "RouterInterface"}
CASES = (
    Case(
        "CreateRouterInterface",
        nothing,
        {**NEW, **VPC, **PEER, **TAG},
        all_of_them,
        [("vrt-a", "as wanted", "Idle", 1)],
    ),
    Case("CreateRouterInterface", nothing, {**NEW, **VBR, **FAST}, all_of_them, BOTH),
    Case("DeleteRouterInterface", idle, ABOUT, its_status, ""),
    Case("DeleteRouterInterface", inactive, ABOUT, its_status, ""),
    Case("DeleteExpressConnect", active, ABOUT, all_of_them, []),
    Case("ConnectRouterInterface", configured, ABOUT, its_status, "Active"),
    Case("DeactivateRouterInterface", active, ABOUT, its_status, "Inactive"),
    Case("ActivateRouterInterface", inactive, ABOUT, its_status, "Active"),
    Case("ModifyRouterInterfaceSpec", active, {**ABOUT, "Spec": "Mini.5"}, its_spec, "Mini.5"),
    Case("CreateRouteEntry", idle, {**HOP, "NextHopId": "{i}"}, routes, 1),
)


@pytest.mark.parametrize("carried_out", [True, False], ids=["answer-lost", "request-lost"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.action}-{case.before.__name__}-{len(case.parameters)}")
async def test_a_call_that_hung_and_comes_again_is_done_once(
    case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, carried_out: bool
) -> None:
    for after in count():
        folder = tmp_path / str(after)
        folder.mkdir()
        worlds = cloud_world(folder, monkeypatch)
        async with api_in(next(worlds), folder) as api:
            one = await case.before(api)
            asked = {name: value.format(i=one) for name, value in case.parameters.items()} | {"ClientToken": "once"}
            failed: list[int] = []
            with hanging(monkeypatch, api.world, after, carried_out=carried_out):
                try:
                    await api.call(case.action, **asked)
                except Answered as error:
                    failed.append(error.status)
            assert set(failed) <= {503}, f"hung after {after}"
            first = await api.call(case.action, **asked)
            assert await case.after(api, one) == case.wanted, f"hung after {after}"
            assert {**await api.call(case.action, **asked), "RequestId": ""} == {**first, "RequestId": ""}
            assert await case.after(api, one) == case.wanted, f"asked a third time, hung after {after}"
        next(worlds, None)
        if not failed:
            assert after > 0
            return
        assert after < CUTS, "it never gets through"


async def test_what_was_left_without_an_answer_is_what_was_asked_for(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to come again: the name, the tags and the region opposite are there."""
    wanted = {**NEW, **VPC, **TAG, "OppositeRegionId": "eu-central-1", "Name": "wanted"}
    with hanging(monkeypatch, world, 2, carried_out=True), pytest.raises(Answered, match="ServiceUnavailable"):
        await api.call("CreateRouterInterface", **wanted)
    (found,) = (await api.call("DescribeRouterInterfaces"))["RouterInterfaceSet"]["RouterInterfaceType"]
    kept = {name: found.get(name) for name in ("Name", "Description", "OppositeRegionId", "Spec")}
    assert kept == {"Name": "wanted", "Description": "as wanted", "OppositeRegionId": "eu-central-1", "Spec": "Mini.2"}
    assert found["Tags"]["Tags"] == [{"Key": "k", "Value": "v"}]


async def test_a_refused_call_leaves_its_token_free(api: Api) -> None:
    asked = {**NEW, **VPC, "ClientToken": "once"}
    assert (await api.refused("CreateRouterInterface", **{**asked, "Spec": "Huge.9"}))[0] == 400
    await api.call("CreateRouterInterface", **asked)
    refused = await api.refused("CreateRouterInterface", **{**asked, "Description": "another"})
    assert refused == (400, "IdempotentParameterMismatch")
