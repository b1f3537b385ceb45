"""Tests of the API with nonsense: an answer is a refusal or a success, and never an error of this program."""

from __future__ import annotations

import json
from random import Random

from console.web.cloud.catalogue import ACTIONS
from console.web.cloud.description import Kind
from console.web.cloud.gateway import PARAMETERS_LIMIT
from tests.unit.cloud_server import ABROAD, ALICE, BOB, REGION, Answered, Api

SEED = 20261125
ROUNDS = 12
STRANGE_SHARE = 0.2

NAMES = (
    *("RegionId", "Role", "Spec", "RouterType", "RouterId", "OppositeRegionId", "OppositeRouterType", "AccessPointId"),
    *("OppositeRouterId", "OppositeInterfaceId", "OppositeInterfaceOwnerId", "OppositeAccessPointId", "Name"),
    *("RouterInterfaceId", "InstanceId", "VpcId", "VbrId", "CidrBlock", "RouteTableId", "DestinationCidrBlock"),
    *("NextHopType", "NextHopId", "RouteEntryId", "PageNumber", "PageSize", "Filter.1.Key", "Filter.1.Value.1"),
    *("Tag.1.Key", "Tag.1.Value", "TagKey.1", "ResourceId.1", "ResourceType", "ResourceId", "NewResourceGroupId"),
    *("ClientToken", "Force", "FastLinkMode", "InstanceChargeType", "Period", "PricingCycle", "HealthCheckSourceIp"),
    *("HealthCheckTargetIp", "HcRate", "HcThreshold", "DeleteHealthCheckIp", "NextToken", "MaxResults", "MaxResult"),
    *("PhysicalConnectionId", "Description", "All", "VpcName", "RouteEntryName"),
)
VALUES = (
    *("", " ", "0", "-1", "1", "99999999999", "true", "False", "maybe", REGION, ABROAD, "mars", ALICE, BOB, "NOBODY!"),
    *("InitiatingSide", "AcceptingSide", "VRouter", "VBR", "Large.2", "Negative", "PrePaid", "Month"),
    *("vrt-a", "vrt-c", "vbr-a", "vrt-b", "vrt-", "vpc-a", "vtb-a", "vtb-", "rte-1", "RouterInterface"),
    *("ri-", "ri-1", "ri-A!", "ri-\u00e9", "{i}", "{a}", "10.0.0.0/8", "10.0.0.1", "::1", "999.1.1.1", "300"),
    *("ROUTERINTERFACE", "VPC", "Status", "Idle", "Colour", "x" * 300),
    *("\x00", "\u202e", "\U0001f600", "<a>&amp;", "'; DROP TABLE record; --", "\u00e9" * 40),
)


async def answer(api: Api, action: str, account: str, asked: dict[str, str]) -> tuple[int, str]:
    try:
        await api.call(action, account, **asked)
    except Answered as refused:
        return refused.status, refused.code
    return 200, ""


async def test_no_nonsense_is_an_error_of_this_program(api: Api) -> None:
    one, two = await api.pair()
    chance = Random(SEED)  # noqa: S311 - a seed, so that a run can be repeated
    for action in sorted(ACTIONS):
        for _ in range(ROUNDS):
            description = ACTIONS[action].description
            strange = description.kind is not Kind.LISTS or chance.random() < STRANGE_SHARE
            known = sorted(name for name in NAMES if strange or description.may_read(name.partition(".")[0]))
            count = chance.randint(0, min(12, len(known)))
            chosen = {name: chance.choice(VALUES) for name in chance.sample(known, count)}
            asked = {name: value.format(i=one, a=two) if "{" in value else value for name, value in chosen.items()}
            status, code = await answer(api, action, chance.choice([ALICE, BOB]), asked)
            ours = status >= 500 and code != "InvalidRouterInterfaceChargeType.Malformed"
            assert not ours, f"seed {SEED}: {action} {json.dumps(asked)}: {status} {code}"
    assert (await api.call("DescribeVpcs"))["TotalCount"] == 3


async def test_so_many_parameters_are_not_even_read(api: Api) -> None:
    form = {f"p{number}": "" for number in range(PARAMETERS_LIMIT + 1)}
    assert (await api.http.post("/", data=form)).status_code == 413
    assert (await api.http.post("/", params=form)).status_code == 413
