"""Tests of the benchmark's plan: the names of its measures, what they need, and who hears whom."""

from lab.bench.run import NEEDS, ORDER
from lab.bench.testbed import ADMINISTRATOR, described, plan
from lab.commands.bench import MeasureName
from shared.broker.topology import USER_CONNECTIONS


def test_every_measure_can_be_asked_for_by_name() -> None:
    assert [name.value for name in MeasureName] == list(NEEDS)


def test_whatever_is_needed_has_its_turn() -> None:
    assert {part for parts in NEEDS.values() for part in parts} == set(ORDER)
    for parts in NEEDS.values():
        assert sorted(parts, key=ORDER.index) == sorted(parts, key=parts.index) or "fanout" not in parts


def test_no_account_needs_more_connections_than_it_may_have() -> None:
    owners = plan((50, 200))
    for owner in set(owners.values()):
        workers = sum(one == owner for one in owners.values())
        assert 2 * workers + 1 <= USER_CONNECTIONS


def test_every_endpoint_hears_its_owner_and_the_other_side() -> None:
    owners = plan((12,))
    passwords = dict.fromkeys([ADMINISTRATOR, *owners.values()], "secret")
    queues = {queue["name"] for queue in described(owners, passwords)["queues"]}
    assert {"peering.q.alice.vpc-fan12-a.from.bob1", "peering.q.bob1.vpc-fan12-b11.from.alice"} <= queues
    assert "peering.q.bob1.vpc-fan12-b11.from.bob1" in queues
    assert "peering.q.bob1.vpc-fan12-b11.from.bob0" not in queues
