"""Tests of the policy for versions: the body is that of 0.1.0, additions may be missing or unknown, newer is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.protocol.messages import Declare
from shared.wire.additions import ADDITIONS, NOBODY, PEERS_A_CARRIER
from shared.wire.bundle import Addressed, Bundle, read_bundle, write_bundle
from shared.wire.encoding import encode
from shared.wire.forms import PAYLOAD_LIMIT_CHARACTERS, Unreadable
from shared.wire.versions import FORMAT_VERSION, AnyVersionForm, NewerVersion
from tests.bodies import form_of
from tests.unit.wire_forms import EXAMPLE, EXAMPLES, LARGEST_NUMBER

FIELDS = {
    "bundle": {"v", "endpoint", "account", "to", "life", "messages"},
    "declare": {
        *("kind", "source", "target", "epoch", "version", "intent", "to_epoch", "acknowledges", "received", "status"),
        "claims",
    },
    "not_ready": {"kind", "source", "target", "epoch", "to_epoch", "answers", "reason"},
    "data": {"kind", "source", "target", "activation", "number", "base", "body"},
}
"""The fields of version 1, as 0.1.0 has them: for ever, since it forbids any other."""


def initiates(count: int) -> Bundle:
    """A bundle of Initiates, the longest that there are."""
    initiate = EXAMPLES[0]
    assert isinstance(initiate, Declare)
    assert initiate.peer is not None
    return Bundle("vpc-a", "alice", "vpc-b", 7, [Addressed("ri-" + "a" * 40, "ri-" + "b" * 40, initiate)] * count)


def said_of(bundle: Bundle) -> list[dict[str, Any]]:
    """What its carriers say."""
    return [json.loads(one["body"]) for one in form_of(write_bundle(bundle))["messages"] if one["target"] == NOBODY]


def with_additions(text: str) -> bytes:
    """An Initiate with these additions instead of its own."""
    form = form_of(write_bundle(initiates(1)))
    form["messages"][-1]["body"] = text
    return encode(form)


def test_every_message_has_the_fields_of_0_1_0_and_no_other() -> None:
    form = form_of(write_bundle(EXAMPLE._replace(unread=2)))
    assert set(form) == FIELDS["bundle"]
    for message in form["messages"]:
        assert set(message) == FIELDS[message["kind"]]


def test_a_carrier_is_a_payload_for_nobody_that_no_real_one_can_be() -> None:
    carrier = form_of(write_bundle(EXAMPLE))["messages"][-1]
    assert (carrier["kind"], carrier["target"], carrier["number"]) == ("data", NOBODY, LARGEST_NUMBER)


def test_who_adds_nothing_sends_no_carrier() -> None:
    assert len(form_of(write_bundle(Bundle("vpc-a", "alice", "vpc-b", 7, [])))["messages"]) == 0


def test_an_initiate_of_0_1_0_is_read_as_one_that_does_not_say_whom_it_takes_the_other_for() -> None:
    form = form_of(write_bundle(initiates(1)))
    form["messages"].pop()
    read = read_bundle(encode(form)).messages[0].message
    assert isinstance(read, Declare)
    assert (read.peer, read.initiates) == (None, True)


def test_many_additions_are_carried_by_several_that_are_short_enough() -> None:
    many = initiates(2 * PEERS_A_CARRIER + 1)
    assert read_bundle(write_bundle(many)) == many
    bodies = [one["body"] for one in form_of(write_bundle(many))["messages"] if one["target"] == NOBODY]
    assert len(bodies) == 3
    longest = {"interface": "ri-" + "x" * 40, "endpoint": "vpc-" + "x" * 40, "account": "x" * 32, "region": "x" * 32}
    assert PEERS_A_CARRIER * len(json.dumps([LARGEST_NUMBER, longest])) < PAYLOAD_LIMIT_CHARACTERS


def test_that_something_was_not_read_is_said_in_a_bundle_without_messages_too() -> None:
    answer = Bundle("vpc-a", "alice", "vpc-b", 7, [], unread=2)
    assert read_bundle(write_bundle(answer)) == answer
    assert said_of(answer) == [{"unread": 2}]


def test_every_addition_is_optional_and_one_that_is_not_known_is_ignored() -> None:
    assert ADDITIONS.json_schema().get("required") is None
    (said,) = said_of(initiates(1))
    plain, more = read_bundle(with_additions("{}")), read_bundle(with_additions(json.dumps({**said, "later": [1]})))
    assert more == initiates(1)
    assert [one.message for one in plain.messages if isinstance(one.message, Declare) and one.message.peer] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("nonsense", "additions: Invalid JSON"),
        ("[]", "additions: "),
        ('{"unread": 0}', "additions: unread: "),
        ('{"peers": [[0, {}]]}', "additions: peers.0.1"),
        ('{"peers": [[0, {"interface": "ri-a", "x": 1}]]}', "additions: peers.0.1"),
    ],
)
def test_an_addition_that_is_known_is_read_strictly(text: str, place: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_bundle(with_additions(text))
    assert str(refused.value).startswith(place)


def test_a_bundle_of_a_newer_version_is_named_whatever_else_is_in_it() -> None:
    common = {"endpoint": "vpc-a", "account": "alice", "to": "vpc-b"}
    for more in ({}, {"life": "another form", "words": []}, {"messages": [1]}):
        with pytest.raises(NewerVersion, match=r"^it is of version 7, and this program reads 1$") as refused:
            read_bundle(encode({"v": 7, **common, **more}))
        newer = refused.value
        assert (newer.version, newer.endpoint, newer.account, newer.to) == (7, "vpc-a", "alice", "vpc-b")


@pytest.mark.parametrize("change", [{"v": 0}, {"v": "2"}, {"v": 2.5}, {"endpoint": "x"}, {"account": None}, {"to": 1}])
def test_what_has_not_even_that_in_common_is_unreadable(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as refused:
        read_bundle(encode({"v": 2, "endpoint": "vpc-a", "account": "alice", "to": "vpc-b", **change}))
    assert not isinstance(refused.value, NewerVersion)


def test_what_all_versions_have_in_common_is_in_this_one() -> None:
    common = set(TypeAdapter(AnyVersionForm).json_schema()["required"])
    assert common < FIELDS["bundle"]
    assert FORMAT_VERSION == 1
