"""Tests of worlds: virtual hosts that share a broker's users, so that each one's logins are its own."""

from dataclasses import replace

import pytest

from shared.broker.address import BrokerAddress
from shared.broker.amqp.consumer import naming_accounts
from shared.broker.messages import Delivery
from shared.broker.names import VHOST, WORLD_PREFIX, account_of, login_name
from shared.broker.topology import Account, definitions, in_world

ONE, OTHER = f"{WORLD_PREFIX}one", f"{WORLD_PREFIX}other"
DELIVERY = Delivery("queue", "x", None, "peering.bundle", b"", None, None, "id", redelivered=False, tag=1, session=1)


def test_an_account_logs_in_by_another_name_in_each_world_and_by_its_own_elsewhere() -> None:
    assert login_name("alice", VHOST) == "alice"
    assert len({login_name("alice", vhost) for vhost in (VHOST, ONE, OTHER)}) == 3
    assert [account_of(login_name("alice", vhost), vhost) for vhost in (VHOST, "/", ONE)] == ["alice"] * 3


@pytest.mark.parametrize("login", [None, "", "alice", login_name("alice", OTHER), f"{login_name('alice', ONE)}.more"])
def test_no_other_login_is_an_account_of_a_world(login: str | None) -> None:
    assert account_of(login, ONE) is None


def test_an_address_logs_in_as_the_account_where_it_is() -> None:
    address = BrokerAddress.parse(f"amqp://127.0.0.1/{ONE}").as_account("alice", "secret")
    assert (address.user, address.account) == (f"alice@{ONE}", "alice")
    assert replace(address, vhost=OTHER).account is None


def test_a_worlds_definitions_hold_nothing_of_another_and_no_login_that_opens_another() -> None:
    accounts = [Account("alice", "one"), Account("bob", "two")]
    whole = definitions(accounts, [("alice", "vpc-a"), ("bob", "vpc-b")], salt=b"salt")
    document = in_world(whole, ONE, "admin")
    kinds = ("permissions", "policies", "exchanges", "queues", "bindings")
    assert {one["vhost"] for kind in kinds for one in document[kind]} == {ONE}
    assert [len(document[kind]) - len(whole[kind]) for kind in kinds] == [1, 0, 0, 0, 0]
    assert [one["name"] for one in document["users"]] == [login_name(one.uid, ONE) for one in accounts]
    assert [one["user"] for one in document["permissions"]] == [*(one["name"] for one in document["users"]), "admin"]


def test_a_delivery_names_the_account_that_the_broker_proved_and_none_of_another_world() -> None:
    heard: list[Delivery] = []
    take = naming_accounts(heard.append, ONE)
    for login in (login_name("alice", ONE), login_name("alice", OTHER), "alice", None):
        take(replace(DELIVERY, user_id=login))
    assert [one.user_id for one in heard] == ["alice", None, None, None]
    assert naming_accounts(take, VHOST) is take
