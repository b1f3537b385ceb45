"""Tests of tags: their limits, the lists of them, and the pages of those lists."""

from __future__ import annotations

import pytest

from console.web.cloud.records import RouteEntry, Router
from tests.unit.cloud_server import ALICE, REGION, Api

OK, DRY = (200, "OK"), (400, "DryRunOperation")


@pytest.mark.parametrize(
    ("key", "value", "answer"),
    [
        ("Env", "", OK),
        ("k" * 128, "v" * 128, OK),
        ("k" * 129, "", (400, "InvalidTagKey.Malformed")),
        ("", "v", (400, "InvalidTagKey.Malformed")),
        ("acs:x", "1", (400, "InvalidTagKey.Malformed")),
        ("aliyun-x", "1", (400, "InvalidTagKey.Malformed")),
        ("see-http://x", "1", (400, "InvalidTagKey.Malformed")),
        ("k", "v" * 129, (400, "InvalidTagValue.Malformed")),
        ("k", "https://x", (400, "InvalidTagValue.Malformed")),
    ],
)
async def test_tags_have_limits(api: Api, key: str, value: str, answer: tuple[int, str]) -> None:
    tag = {"Tag.1.Key": key, "Tag.1.Value": value}
    assert await api.code("TagResources", ResourceType="VPC", **{"ResourceId.1": "vpc-a"}, **tag) == answer
    wanted = DRY if answer == OK else answer
    assert await api.code("CreateVpc", CidrBlock="10.0.0.0/16", DryRun="true", **tag) == wanted


VPC_A = {"ResourceType": "VPC", "ResourceId.1": "vpc-a"}


def keys(first: int, last: int, name: str = "Tag.{}.Key") -> dict[str, str]:
    return {name.format(n): f"k{n}" for n in range(first, last + 1)}


async def test_a_resource_has_at_most_twenty_tags_however_they_come(api: Api) -> None:
    assert await api.code("TagResources", **VPC_A, **keys(1, 21)) == (400, "NumberExceed.Tags")
    assert await api.code("TagResources", **VPC_A, **keys(1, 20)) == OK
    assert await api.code("TagResources", **VPC_A, **keys(1, 1)) == OK
    assert await api.code("TagResources", **VPC_A, **keys(20, 21)) == (400, "OperationDenied.QuotaExceed")
    twice = {"Tag.1.Key": "k1", "Tag.2.Key": "k1"}
    assert await api.code("TagResources", **VPC_A, **twice) == (400, "Duplicate.TagKey")
    assert await api.code("UnTagResources", **VPC_A, **keys(1, 21, "TagKey.{}")) == (400, "NumberExceed.Tags")
    assert await api.code("UnTagResources", **VPC_A, **keys(1, 20, "TagKey.{}")) == OK
    assert (await api.call("ListTagResources", **VPC_A))["TagResources"]["TagResource"] == []


@pytest.mark.parametrize(("suffix", "limit"), [("", 50), ("ForExpressConnect", 20)])
async def test_so_many_resources_are_tagged_by_one_call(api: Api, suffix: str, limit: int) -> None:
    about = {"ResourceType": "VPC", **keys(1, limit, "ResourceId.{}")}
    for action, more in ((f"TagResources{suffix}", keys(1, 1)), (f"ListTagResources{suffix}", {})):
        wanted = OK if action.startswith("List") else (404, "InvalidResourceId.NotFound")
        assert await api.code(action, **about, **more) == wanted
        too_many = {f"ResourceId.{limit + 1}": "vpc-a"}
        assert await api.code(action, **about, **more, **too_many) == (400, "NumberExceed.ResourceIds")


async def test_tags_are_listed_of_resources_that_are_named_or_have_all_the_tags(api: Api) -> None:
    for vpc, tags in (("vpc-a", {"Env": "prod", "Team": "net"}), ("vpc-c", {"Env": "dev"}), ("vpc-d", {"Env": "prod"})):
        given = {f"Tag.{n}.Key": key for n, key in enumerate(tags, 1)}
        given |= {f"Tag.{n}.Value": value for n, value in enumerate(tags.values(), 1)}
        await api.call("TagResources", ResourceType="VPC", **{"ResourceId.1": vpc}, **given)

    async def found(**more: str) -> list[tuple[str, str]]:
        listed = await api.call("ListTagResources", ResourceType="VPC", **more)
        return [(one["ResourceId"], one["TagKey"]) for one in listed["TagResources"]["TagResource"]]

    assert await found(**{"ResourceId.1": "vpc-a"}) == [("vpc-a", "Env"), ("vpc-a", "Team")]
    assert await found(**{"Tag.1.Key": "Env"}) == [("vpc-a", "Env"), ("vpc-c", "Env"), ("vpc-d", "Env")]
    assert await found(**{"Tag.1.Key": "Env", "Tag.1.Value": "prod"}) == [("vpc-a", "Env"), ("vpc-d", "Env")]
    assert await found(**{"Tag.1.Key": "Env", "Tag.2.Key": "Team"}) == [("vpc-a", "Env"), ("vpc-a", "Team")]
    assert len(await found()) == 4
    assert (await api.code("ListTagResources", ResourceType="VPC", **{"Tag.1.Value": "x"}))[
        1
    ] == "InvalidTagKey.Malformed"


async def test_what_is_deleted_has_no_tags_to_list(api: Api) -> None:
    one = await api.create("vrt-a", "InitiatingSide", **keys(1, 1))
    about = {"ResourceType": "ROUTERINTERFACE", "Tag.1.Key": "k1"}
    assert len((await api.call("ListTagResources", **about))["TagResources"]["TagResource"]) == 1
    await api.call("DeleteRouterInterface", RouterInterfaceId=one)
    assert (await api.call("ListTagResources", **about))["TagResources"]["TagResource"] == []


@pytest.mark.parametrize(
    ("action", "about", "pages"),
    [
        ("ListTagResources", {"ResourceType": "VPC", "Tag.1.Key": "k"}, ("MaxResults", 50, 50)),
        ("ListTagResourcesForExpressConnect", {"ResourceType": "VPC", "Tag.1.Key": "k"}, ("MaxResults", 20, 100)),
        ("DescribeRouteEntryList", {"RouteTableId": "vtb-a", "RouteEntryType": "Custom"}, ("MaxResult", 10, 100)),
    ],
)
async def test_a_list_by_token_is_read_in_pages_of_a_documented_size(
    api: Api, action: str, about: dict[str, str], pages: tuple[str, int, int]
) -> None:
    size, usual, limit = pages
    many = limit + 1
    for number in range(many):
        router = Router(id=f"vrt-{number:03}", account=ALICE, region=REGION, tags={"k": "v"})
        hop = {"table": "vtb-a", "next_hop_type": "Instance", "next_hop": "i-1", "destination": f"10.{number}.0.0/16"}
        route = {**router.model_dump(include={"account", "region"}), **hop, "id": f"rte-{number:03}"}
        api.cloud.store.put(router)
        api.cloud.store.put(RouteEntry.model_validate(route))
    seen: list[str] = []
    token, read = "", 0
    while token or not read:
        body = await api.call(action, **about, NextToken=token)
        listed = body["RouteEntrys"]["RouteEntry"] if "RouteEntrys" in body else body["TagResources"]["TagResource"]
        assert len(listed) <= usual
        seen += [one.get("RouteEntryId") or one["ResourceId"] for one in listed]
        token, read = body["NextToken"], read + 1
    assert len(seen) == len(set(seen)) == many
    assert read == -(-many // usual)
    for wrong in (0, -1, limit + 1):
        assert await api.code(action, **about, **{size: wrong}) == (400, "InvalidNextToken.Malformed")
    assert await api.code(action, **about, **{size: limit}) == OK
