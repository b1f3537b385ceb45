"""Tests of the rules, the seed and the reset of `/_peering`; a rule ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from console.client import Refused
from console.faults.faults import Faults
from console.web.cloud.records import RouterInterface
from console.web.cloud.rules import Rule, Rules
from shared.wire import commands
from tests.unit.cloud_server import ALICE, BOB, REGION, Api

NONE = {"faults": 0, "wires": 0}


class Clock:
    """A time that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now


def interface(name: str = "ri-1", account: str = ALICE) -> RouterInterface:
    return RouterInterface(
        id=name,
        account=account,
        region=REGION,
        router="vrt-a",
        role="InitiatingSide",
        endpoint="vpc-a",
        spec="Large.2",
        opposite_region=REGION,
    )


def rule(**fields: Any) -> Rule:  # noqa: ANN401 - whatever a rule may hold
    return Rule.model_validate(fields)


def test_a_status_is_held_for_so_long_and_then_it_is_what_it_is() -> None:
    clock = Clock()
    rules = Rules(clock)
    assert rules.shown(interface(), "Idle") == "Idle"
    rules.add(rule(do="hold", seconds=5))
    assert rules.shown(interface(), "Active") == "Idle"
    rules.add(rule(do="hold", status="Activating", seconds=2))
    assert rules.shown(interface(), "Active") == "Activating"
    clock.now = 3
    assert rules.shown(interface(), "Active") == "Idle"
    clock.now = 5
    assert rules.shown(interface(), "Active") == "Active"
    assert rules.standing() == {}


def test_an_end_that_the_other_one_suspends_is_shown_active_where_each_end_is_asked_for() -> None:
    rules = Rules(Clock())
    assert rules.shown(interface(), "Inactive", suspended_by_peer=True) == "Inactive"
    rules.add(rule(do="each-end", account=ALICE))
    assert rules.shown(interface(), "Inactive", suspended_by_peer=True) == "Active"
    assert rules.shown(interface(), "Inactive") == "Inactive"
    assert rules.shown(interface(account=BOB), "Inactive", suspended_by_peer=True) == "Inactive"


def test_what_is_stale_knows_nothing_of_newer_interfaces() -> None:
    rules = Rules(Clock())
    rules.shown(interface("ri-old"), "Idle")
    rules.add(rule(do="stale"))
    assert rules.shown(interface("ri-old"), "Active") == "Idle"
    assert rules.shown(interface("ri-new"), "Idle") is None


def test_a_skipped_status_is_never_seen() -> None:
    rules = Rules(Clock())
    rules.add(rule(do="skip", statuses=["Connecting", "Deactivating"]))
    seen = [rules.shown(interface(), one) for one in ("Idle", "Connecting", "Active", "Deactivating", "Inactive")]
    assert seen == ["Idle", "Idle", "Active", "Active", "Inactive"]


def test_a_rule_is_for_whom_it_names_and_so_often_as_it_says() -> None:
    rules = Rules(Clock())
    rules.add(rule(do="refuse", account=ALICE, action="DescribeVpcs", code="Throttling.User", http_status=400, times=2))
    refused = [rules.refusal(account, "DescribeVpcs", "") for account in (BOB, ALICE, ALICE, ALICE)]
    assert [one.code if one else None for one in refused] == [None, "Throttling.User", "Throttling.User", None]
    rules.add(rule(do="delay", interface="ri-1", delay_seconds=3))
    assert rules.delay_seconds(ALICE, "CreateVpc", "") == 0
    assert rules.delay_seconds(BOB, "DeleteRouterInterface", "ri-1") == 3
    assert rules.remove()
    assert not rules.remove(2)


async def test_who_waits_for_active_waits_until_the_rule_is_dropped(api: Api) -> None:
    one, two = await api.pair(connected=False)
    made = await api.own.post("/_peering/rules", json={"do": "hold", "interface": one, "status": "Connecting"})
    assert made.status_code == 201
    assert await api.status(one) == "Connecting"
    assert await api.status(two) == "Idle"
    standing = (await api.own.get("/_peering/rules")).json()
    assert [each["rule"]["interface"] for each in standing] == [one]
    assert (await api.own.delete(f"/_peering/rules/{standing[0]['number']}")).status_code == 204
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == "Active"


async def test_a_rule_about_what_is_shown_changes_nothing_that_a_command_does(api: Api) -> None:
    """A client that waits for `Active` under such a rule still does all that it did before, to what really is."""
    for rule in ({"do": "hold", "status": "Connecting"}, {"do": "stale"}, {"do": "skip", "statuses": ["Idle"]}):
        await api.own.post("/_peering/rules", json=rule)
    one, two = await api.pair(connected=False)
    assert await api.status(one) == "", "newer than the stale rule"
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    assert (await api.own.delete("/_peering/rules")).status_code == 204
    assert (await api.status(one), await api.status(two)) == ("Inactive", "Inactive")


async def test_a_refused_call_does_nothing(api: Api) -> None:
    one, _ = await api.pair()
    await api.own.post("/_peering/rules", json={"do": "refuse", "action": "DeactivateRouterInterface", "times": 1})
    assert await api.refused("DeactivateRouterInterface", RouterInterfaceId=one) == (503, "ServiceUnavailable")
    assert await api.status(one) == "Active"
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == "Inactive"


async def test_a_seed_is_what_clients_would_have_made_and_a_reset_leaves_nothing(api: Api) -> None:
    pairs = [{"initiator": "vrt-a", "acceptor": "vrt-c"}, {"initiator": "vbr-a", "acceptor": "vrt-b", "connect": False}]
    planted = (await api.own.post("/_peering/seed", json={"pairs": pairs})).json()["pairs"]
    assert await api.status(planted[0]["acceptor"]) == "Active"
    assert await api.status(planted[1]["acceptor"], BOB) == "Idle"
    nowhere = await api.own.post("/_peering/seed", json={"pairs": [{"initiator": "vrt-x", "acceptor": "vrt-c"}]})
    assert (nowhere.status_code, nowhere.json()["detail"]["code"]) == (404, "InvalidRouterId.NotFound")
    assert (await api.own.post("/_peering/reset")).json() == {"routes": 0, "interfaces": 4, "routers": 0, **NONE}
    for account in (ALICE, BOB):
        assert (await api.call("DescribeRouterInterfaces", account))["TotalCount"] == 0


async def test_a_reset_mends_the_wires_that_a_killed_console_left_tapped(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mend(_: object) -> list[str]:
        return ["1001→vpc-b"]

    monkeypatch.setattr(Faults, "mend", mend)
    assert (await api.own.post("/_peering/reset")).json()["wires"] == 1


async def test_an_id_that_a_reset_deleted_is_refused(api: Api) -> None:
    one, _ = await api.pair()
    await api.own.post("/_peering/reset")
    with pytest.raises(Refused, match="InterfaceDeleted"):
        await api.cloud.interfaces.command("vpc-a", commands.create(one))


async def test_a_web_page_may_not_do_any_of_this(api: Api) -> None:
    one, _ = await api.pair()
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://peering"}):
        assert (await api.own.post("/_peering/reset", headers=headers)).status_code == 403
    assert await api.status(one) == "Active"


async def test_what_is_counted_can_be_scraped(api: Api) -> None:
    await api.pair()
    await api.refused("ConnectRouterInterface", RouterInterfaceId="ri-nobody")
    scraped = (await api.own.get("/metrics")).text
    assert 'peering_api_answers_total{action="ConnectRouterInterface",code="OK"} 1.0' in scraped
    assert 'action="ConnectRouterInterface",code="InvalidRouterInterfaceId.NotFound"} 1.0' in scraped
    assert 'peering_interfaces{endpoint="vpc-a",status="Activated"} 1.0' in scraped
    assert 'peering_api_seconds_count{action="CreateRouterInterface"} 2.0' in scraped
