"""Tests of two workers of which one speaks a version that the other does not read, and of answers to 0.1.0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.runtime import peers
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.peers import PeerId
from shared.wire.bundle import read_bundle
from shared.wire.encoding import encode
from shared.wire.request import KINDS
from tests.bodies import form_of
from tests.unit.runtime_bench import Bench, bench, carried, connected, said, talk


@pytest.fixture
def a(tmp_path: Path) -> Iterator[Bench]:
    """The initiator's worker."""
    with bench(tmp_path, "initiator", "a") as one:
        yield one


@pytest.fixture
def b(tmp_path: Path) -> Iterator[Bench]:
    """The acceptor's worker."""
    with bench(tmp_path, "acceptor", "b") as one:
        yield one


def newer(deliveries: Sequence[IncomingDelivery]) -> list[IncomingDelivery]:
    """The same bundles, as a later program may say them."""
    forms = [form_of(one.body) for one in deliveries]
    return [
        one._replace(body=encode({**form, "v": 2, "messages": {"in": "other words"}}))
        for one, form in zip(deliveries, forms, strict=True)
    ]


def code(one: Bench, interface: str) -> Any:  # noqa: ANN401 - a field of a view
    return one.show(interface)["reason_code"]


def test_a_newer_version_is_answered_and_not_set_aside_and_both_ends_say_why(a: Bench, b: Bench) -> None:
    b.ask(b.create("ri-b", a.information("ri-a")))
    opened = a.run(a.asking(a.create("ri-a", b.information("ri-b"), initiate=True)))
    outcome = b.run(*newer(carried(opened, a)))
    assert outcome.rejected == []
    assert outcome.errors == []
    assert code(b, "ri-b") == "NewerProtocol"
    (answer,) = [one for one in outcome.outgoing if one.type == KINDS.bundle]
    assert (answer.routing_key, read_bundle(answer.body).unread) == ("vpc-a", 2)
    a.run(*carried(outcome, b, keepalives=True))
    assert (a.show("ri-a")["status"], code(a, "ri-a")) == ("Connecting", "NewerProtocol")


def test_once_it_can_be_read_again_everything_goes_on_and_nobody_says_so_any_more(a: Bench, b: Bench) -> None:
    connected(a, b)
    suspended = a.run(a.asking({"kind": "suspend", "interface": "ri-a"}))
    heard = b.run(*newer(carried(suspended, a)))
    assert heard.newer == [(PeerId("vpc-a", "a"), 2)]
    assert b.run(*newer(carried(suspended, a))).newer == []
    assert code(b, "ri-b") == "NewerProtocol"
    assert b.show("ri-b")["peer"]["reachable"] is True
    a.run(*carried(heard, b, keepalives=True))
    assert code(a, "ri-a") == "NewerProtocol"
    talk(a, b, a.run(after=30.0))
    assert (a.show("ri-a")["status"], b.show("ri-b")["status"]) == ("Suspended", "Suspended")
    assert (code(a, "ri-a"), code(b, "ri-b")) == ("Held", "Held")


def test_whoever_cannot_be_read_is_told_so_in_every_bundle_until_it_can(a: Bench, b: Bench) -> None:
    connected(a, b)
    b.run(*newer(carried(a.run(a.asking({"kind": "suspend", "interface": "ri-a"})), a)))
    outcome = b.run(b.asking({"kind": "send", "interface": "ri-b", "body": "meanwhile"}))
    bundles = [read_bundle(one.body) for one in outcome.outgoing if one.type == KINDS.bundle]
    assert [one.unread for one in bundles] == [2]


def test_an_account_that_speaks_for_endpoints_that_nobody_has_fills_no_memory(b: Bench) -> None:
    def of(number: int) -> IncomingDelivery:
        form = {"v": 2, "endpoint": f"vpc-x{number}", "account": "a", "to": "vpc-b"}
        return IncomingDelivery(KINDS.bundle, "a", encode(form))

    for first in range(0, peers.UNREAD_LIMIT_PEERS + 200, 200):
        assert len(b.run(*map(of, range(first, first + 200))).outgoing) == 200
    assert len(b.processor._peers.unread) == peers.UNREAD_LIMIT_PEERS


@pytest.mark.parametrize(("in_full", "reason"), [(True, "RejectedByPeer"), (False, "PeerNotConfigured")])
def test_a_rejection_is_said_in_a_word_that_the_initiator_knows(
    a: Bench, b: Bench, *, in_full: bool, reason: str
) -> None:
    b.ask(b.create("ri-b"))
    b.ask({"kind": "reject", "interface": "ri-b", "peer": a.information("ri-a")})
    opened = carried(a.run(a.asking(a.create("ri-a", b.information("ri-b"), initiate=True))), a)
    if not in_full:
        forms = [form_of(one.body) for one in opened]
        opened = [
            one._replace(body=encode({**form, "messages": form["messages"][:1]}))
            for one, form in zip(opened, forms, strict=True)
        ]
    assert [one["reason"] for one in said(b.run(*opened))] == [reason]
