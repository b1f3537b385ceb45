"""Tests of bundling: in order, within the limits of what is read."""

from __future__ import annotations

import pytest

from shared.broker.messages import OutgoingMessage
from shared.protocol.messages import Claims, Data, Declare
from shared.protocol.words import Activation, Address, Epoch, Intent, Kind, Status
from shared.runtime.outgoing import BUNDLE_LIMIT_MESSAGES, OutgoingBundles
from shared.runtime.peers import PeerId
from shared.wire.bundle import read_bundle
from shared.wire.forms import BODY_LIMIT_BYTES, PAYLOAD_LIMIT_CHARACTERS
from shared.wire.request import KINDS

HUGE = Epoch(2**40, 2**53 - 1)
LONGEST = "x" * 40


def declare(version: int = 1) -> Declare:
    claims = Claims(f"ri-{LONGEST}", f"vpc-{LONGEST}", Kind.VPC, "a" * 32, "r" * 32)
    return Declare(HUGE, version, Intent.SUSPENDED, HUGE, 2**40, 2**40, Status.SUSPENDING, claims)


def data(number: int, body: str = "") -> Data:
    return Data(Activation(HUGE, 2**40, HUGE, 2**40), number, number - 1, body)


def to(interface: str, endpoint: str = "vpc-b") -> Address:
    return Address(interface, endpoint, "bob")


def packed(outbound: OutgoingBundles) -> list[OutgoingMessage]:
    return list(outbound.packed("vpc-a", "alice", 7, {}))


@pytest.mark.parametrize("character", ["x", "\x01", "é", "\N{GRINNING FACE}", '"', "\u2028", "\x7f"])
def test_no_bundle_is_larger_than_what_is_read(character: str) -> None:
    outbound = OutgoingBundles()
    body = character * PAYLOAD_LIMIT_CHARACTERS
    for number in range(1, 129):
        outbound.add(f"ri-{LONGEST}", to(f"ri-{LONGEST}"), data(number, body))
    for number in range(BUNDLE_LIMIT_MESSAGES):
        outbound.add(f"ri-{number:040}", to(f"ri-{LONGEST}"), declare())
    messages_out = packed(outbound)
    assert max(len(message.body) for message in messages_out) <= BODY_LIMIT_BYTES
    messages = [one.message for message in messages_out for one in read_bundle(message.body).messages]
    assert [one.number for one in messages if isinstance(one, Data)] == list(range(1, 129))
    assert sum(isinstance(one, Declare) for one in messages) == BUNDLE_LIMIT_MESSAGES


def test_what_is_said_to_one_endpoint_leaves_together() -> None:
    outbound = OutgoingBundles()
    for number in range(3):
        outbound.add(f"ri-{number}", to(f"ri-{number}"), declare())
    outbound.add("ri-0", to("ri-9", "vpc-c"), declare())
    assert [(one.routing_key, one.type, len(read_bundle(one.body).messages)) for one in packed(outbound)] == [
        ("vpc-b", KINDS.bundle, 3),
        ("vpc-c", KINDS.bundle, 1),
    ]


def test_of_several_declarations_of_one_interface_the_last_is_said() -> None:
    outbound = OutgoingBundles()
    for version in (1, 2, 3):
        outbound.add("ri-a", to("ri-b"), declare(version))
        outbound.add("ri-a", to("ri-b"), data(version))
    (message,) = packed(outbound)
    said = [one.message for one in read_bundle(message.body).messages]
    assert [one.number for one in said if isinstance(one, Data)] == [1, 2, 3]
    assert [one.version for one in said if isinstance(one, Declare)] == [3]


def test_a_keepalive_is_an_empty_bundle_unless_something_is_said_anyway() -> None:
    outbound = OutgoingBundles()
    outbound.add_keepalive(PeerId("vpc-b", "bob"))
    assert [read_bundle(one.body).messages for one in packed(outbound)] == [[]]
    outbound.add("ri-a", to("ri-b"), declare())
    assert [len(read_bundle(one.body).messages) for one in packed(outbound)] == [1]
    assert outbound.peers == [PeerId("vpc-b", "bob")]
