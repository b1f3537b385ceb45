"""Tests of the broker's definitions: names, limits and permissions, pinned."""

import base64
import hashlib
import itertools
import json
import re
from typing import Any

import pytest

from shared.broker import names
from shared.broker.declarations import DeclareQueue, open_console_declarations, open_declarations
from shared.broker.topology import Account, account_limits, definitions, endpoint_definitions, password_hash

ALICE, BOB = Account("alice", "secret-a"), Account("bob-1", "secret-b")
ENDPOINTS = [("alice", "vpc-a"), ("bob-1", "vbr-b")]
EVERYBODY = Account("root-of-all", "secret-r")


def whole() -> dict[str, Any]:
    return definitions([ALICE, BOB], ENDPOINTS, EVERYBODY, salt=b"pepper")


def permission(user: str) -> dict[str, str]:
    (found,) = [one for one in whole()["permissions"] if one["user"] == user]
    return dict(found)


def all_names() -> list[str]:
    return [one["name"] for kind in ("exchanges", "queues") for one in whole()[kind]]


def allowed(user: str, what: str) -> set[str]:
    """What RabbitMQ would let this user do, which searches and does not match whole names."""
    return {name for name in all_names() if re.search(permission(user)[what], name)}


def test_the_document_is_the_same_every_time() -> None:
    assert json.dumps(whole()) == json.dumps(whole())
    assert (
        hashlib.sha256(json.dumps(whole()).encode()).digest()
        != hashlib.sha256(json.dumps(definitions([ALICE, BOB], ENDPOINTS, EVERYBODY, salt=b"other")).encode()).digest()
    )


def test_no_password_is_in_it() -> None:
    text = json.dumps(whole())
    assert not [account for account in (ALICE, BOB, EVERYBODY) if account.password in text]
    assert "secret" not in repr(ALICE)


def test_an_account_writes_its_own_exchange_and_nothing_else() -> None:
    assert allowed("alice", "write") == {"peering.x.alice"}
    assert allowed("bob-1", "write") == {"peering.x.bob-1"}


def test_an_account_reads_its_own_queues_and_nothing_else() -> None:
    slots = {f"peering.console.alice.{slot}" for slot in range(8)}
    inboxes = {"peering.q.alice.vpc-a.from.alice", "peering.q.alice.vpc-a.from.bob-1"}
    assert allowed("alice", "read") == slots | inboxes


def test_an_account_configures_nothing() -> None:
    assert allowed("alice", "configure") == set()
    assert not re.search(permission("alice")["configure"], "amq.gen-anything")


@pytest.mark.parametrize(
    "name",
    [
        "peering.q.alice2.vpc.from.bob",
        "peering.q.bob.alice.from.alice",
        "xpeering.q.alice.vpc.from.bob",
        "peering.qxalice.vpc",
        "peering.q.alicexvpc",
        "peering.dead-letters",
        "amq.rabbitmq.trace",
        "peering.x.bob",
    ],
)
def test_names_that_only_look_like_ones_own_are_closed(name: str) -> None:
    mine = permission("alice")
    assert not re.search(mine["read"], name)
    assert not re.search(mine["write"], name)
    assert not re.search(mine["write"], f"{names.exchange_name('alice')}.more")


def test_each_inbox_is_bound_to_its_senders_exchange_alone() -> None:
    bound = {(one["source"], one["routing_key"], one["destination"]) for one in whole()["bindings"]}
    for (owner, endpoint), sender in itertools.product(ENDPOINTS, ["alice", "bob-1"]):
        queue = names.endpoint_queue(owner, endpoint, sender)
        into = {(source, key) for source, key, destination in bound if destination == queue.name}
        assert into == {(f"peering.x.{sender}", endpoint)}


def test_each_console_hears_its_own_account_alone() -> None:
    bound = {(one["source"], one["routing_key"], one["destination"]) for one in whole()["bindings"]}
    for account, slot in itertools.product(["alice", "bob-1"], range(names.CONSOLE_SLOTS)):
        queue = names.console_queue_name(account, slot)
        assert {(a, b) for a, b, c in bound if c == queue} == {(f"peering.x.{account}", f"console.{slot}")}


def test_every_account_reaches_the_dead_letters_through_its_own_exchange() -> None:
    bound = {(one["source"], one["routing_key"]) for one in whole()["bindings"] if "dead" in one["destination"]}
    assert bound == {("peering.dead", ""), ("peering.x.alice", "dead-letter"), ("peering.x.bob-1", "dead-letter")}


def test_every_queue_has_exactly_one_policy() -> None:
    for queue in whole()["queues"]:
        matching = [one["name"] for one in whole()["policies"] if re.search(one["pattern"], queue["name"])]
        assert len(matching) == 1, queue["name"]


def test_inboxes_are_quorum_queues_with_one_active_reader_and_limits() -> None:
    queues = {queue["name"]: queue for queue in whole()["queues"]}
    inbox = queues["peering.q.alice.vpc-a.from.bob-1"]
    assert inbox["arguments"] == {"x-queue-type": "quorum", "x-single-active-consumer": True}
    (policy,) = [one for one in whole()["policies"] if one["pattern"] == r"^peering\.q\."]
    assert policy["definition"] == {
        "delivery-limit": 20,
        "max-length": 100_000,
        "max-length-bytes": 64 * 1024 * 1024,
        "overflow": "reject-publish",
        "dead-letter-exchange": "peering.dead",
        "dead-letter-strategy": "at-least-once",
    }


def test_replies_lie_in_classic_queues_because_quorum_queues_grant_no_exclusive_reader() -> None:
    kinds = {
        queue["arguments"]["x-queue-type"]
        for queue in whole()["queues"]
        if queue["name"].startswith("peering.console.")
    }
    assert kinds == {"classic"}


def test_a_password_is_hashed_as_rabbitmq_does() -> None:
    """The example of RabbitMQ's documentation: salt 908D C60A, password test12."""
    assert password_hash("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    with pytest.raises(ValueError, match="4 bytes"):
        password_hash("test12", b"longer")


def test_equal_passwords_do_not_show() -> None:
    twins = definitions([Account("a", "same"), Account("b", "same")], [], salt=b"x")["users"]
    assert twins[0]["password_hash"] != twins[1]["password_hash"]
    raw = base64.b64decode(twins[0]["password_hash"])
    assert raw[4:] == hashlib.sha256(raw[:4] + b"same").digest()


def test_an_administrator_is_one_and_accounts_are_not() -> None:
    tags = {user["name"]: (user["tags"], user["limits"]) for user in whole()["users"]}
    assert tags["root-of-all"] == (["administrator"], {})
    assert tags["alice"] == ([], account_limits(1))


def test_an_account_may_open_as_much_as_its_workers_need() -> None:
    """A worker has two connections, and a restarted one two more while the old ones end; the rest is for consoles."""
    assert account_limits(0) == {"max-connections": 64, "max-channels": 256}
    assert account_limits(600)["max-connections"] == account_limits(0)["max-connections"] + 600 * 2 * 2


def test_queues_are_for_those_who_may_speak() -> None:
    few = definitions([ALICE, BOB], ENDPOINTS, salt=b"p", senders={"vbr-b": ["bob-1"]})
    all_queues = {one["name"] for one in definitions([ALICE, BOB], ENDPOINTS, salt=b"p")["queues"]}
    assert all_queues - {one["name"] for one in few["queues"]} == {"peering.q.bob-1.vbr-b.from.alice"}
    assert not [one for one in few["bindings"] if one["destination"] == "peering.q.bob-1.vbr-b.from.alice"]
    with pytest.raises(ValueError, match="mallory"):
        definitions([ALICE, BOB], ENDPOINTS, salt=b"p", senders={"vbr-b": ["mallory"]})


def test_one_more_endpoint_is_exactly_what_was_missing() -> None:
    before = definitions([ALICE, BOB], ENDPOINTS, salt=b"p")
    after = definitions([ALICE, BOB], [*ENDPOINTS, ("bob-1", "vpc-new")], salt=b"p")
    more = endpoint_definitions("bob-1", "vpc-new", ["alice", "bob-1"])
    for kind in ("queues", "bindings"):
        assert [one for one in after[kind] if one not in before[kind]] == more[kind]


@pytest.mark.parametrize("uid", ["", "Alice", "a.b", "a/b", "a*", "a" * 33, "open", "ä", "a b", "a\n"])
def test_an_account_can_not_be_named_so(uid: str) -> None:
    with pytest.raises(ValueError, match="account"):
        Account(uid, "p")


@pytest.mark.parametrize("endpoint", ["", "VPC", "vpc.a", "vpc#", "dead-letter", "console.1", "v" * 65])
def test_an_endpoint_can_not_be_named_so(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        definitions([ALICE], [("alice", endpoint)], salt=b"x")


def test_an_endpoint_needs_its_account_in_the_topology() -> None:
    with pytest.raises(ValueError, match="mallory"):
        definitions([ALICE], [("mallory", "vpc-m")], salt=b"x")


@pytest.mark.parametrize("slot", [-1, 64])
def test_there_is_no_such_console_slot(slot: int) -> None:
    with pytest.raises(ValueError, match="slot"):
        names.console_routing_key(slot)


def test_open_mode_declares_the_same_limits_under_names_of_its_own() -> None:
    declared = {one.name: dict(one.arguments) for one in open_declarations(["vpc-a"]) if isinstance(one, DeclareQueue)}
    assert declared["peering.q.open.vpc-a.from.open"]["x-delivery-limit"] == 20
    assert declared["peering.q.open.vpc-a.from.open"]["x-dead-letter-exchange"] == "peering.dead.open"
    assert not set(declared) & {queue["name"] for queue in whole()["queues"]}
    (console,) = [one for one in open_console_declarations(3) if isinstance(one, DeclareQueue)]
    assert console.name == "peering.console.open.3"
    assert dict(console.arguments)["x-queue-type"] == "classic"
