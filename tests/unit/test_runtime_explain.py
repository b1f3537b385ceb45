"""Tests of the reasons for which a connection is not up: each state has one."""

from __future__ import annotations

import pytest

from acceptor.handshake import ACCEPTOR
from initiator.handshake import INITIATOR
from shared.protocol.interface import Changes, Interface
from shared.protocol.messages import Reason
from shared.protocol.words import Address, Endpoint, Epoch, Intent, Kind, PeerInformation
from shared.runtime.condition import Condition
from shared.runtime.explain import explain
from shared.runtime.peers import PeerId, Peers
from shared.runtime.show import view

NOW = 1000.0
OWN = Endpoint("vpc-a", Kind.VPC, "alice", "cn-hangzhou")
PEER = PeerInformation("ri-b", "vpc-b", "bob", "cn-shanghai")
IDLE = Interface("ri-a", OWN, INITIATOR, Epoch(1, 1))
CONFIGURED = IDLE.but(peer=PEER)
CONNECTING = CONFIGURED.but(open=True, version=1)
UP = CONNECTING.but(peer_epoch=Epoch(1, 2), peer_version=1, acknowledged=1)


def around(*, heard: float | None = NOW, asked: float = NOW, routed: bool = True) -> Peers:
    peers = Peers(10.0, 35.0)
    found = peers.track(PeerId(PEER.endpoint, PEER.account), asked)
    found.last_heard, found.routed = heard, routed
    return peers


def why(state: Interface, peers: Peers | None = None) -> tuple[str, str] | None:
    return explain(state, peers or around(), NOW)


CASES: dict[str, tuple[Interface, str, str]] = {
    "no peer information": (IDLE, "NotConfigured", "not configured at this end"),
    "not initiated": (CONFIGURED, "NotInitiated", "has not been initiated"),
    "waiting": (Interface("ri-a", OWN, ACCEPTOR, Epoch(1, 1), peer=PEER), "Waiting", "Waiting for the peer"),
    "a stranger": (
        IDLE.but(caller=Address("ri-x", "vpc-x", "eve")),
        "StrangerCalled",
        "ri-x on vpc-x of account eve asked to connect, but no peer is configured here.",
    ),
    "gave up": (CONFIGURED.but(reason=Reason.NO_ANSWER), "NoAnswer", "Gave up"),
    "connecting": (CONNECTING, "WaitingForPeer", "Waiting for the peer"),
    "own hold": (UP.but(intent=Intent.SUSPENDED), "Held", "Suspended by this end's owner."),
    "peer's hold": (UP.but(peer_intent=Intent.SUSPENDED), "Held", "Suspended by the peer's owner."),
    "both hold": (
        UP.but(intent=Intent.SUSPENDED, peer_intent=Intent.SUSPENDED),
        "Held",
        "Suspended by both ends.",
    ),
    "activating": (UP.but(version=2), "WaitingForPeer", "Waiting for the peer"),
    "deleted here": (IDLE.but(intent=Intent.DELETED), "Deleted", "by its owner"),
    "deleted there": (UP.but(peer_intent=Intent.DELETED), "PeerDeleted", "deleted the other end"),
}


@pytest.mark.parametrize("state", [CONFIGURED, CONNECTING, UP])
def test_whose_worker_has_to_be_brought_up_to_date_is_said_at_both_ends(state: Interface) -> None:
    here, there, peer = around(), around(), PeerId(PEER.endpoint, PEER.account)
    here.record_versions([], {peer: 2}, {}, NOW)
    there.record_versions([peer], {}, {peer: 2}, NOW)
    assert why(state, here) == (
        "NewerProtocol",
        "The worker of vpc-b speaks a newer protocol, version 2: this worker reads 1 and has to be brought up to date.",
    )
    assert why(state, there) == (
        "NewerProtocol",
        (
            "This end's worker speaks a newer protocol, version 2: the worker of vpc-b does not read it and has to be "
            "brought up to date."
        ),
    )
    for peers in (here, there):
        peers.record_versions([peer], {}, {}, NOW)
        assert (why(state, peers) or ("", ""))[0] != "NewerProtocol"


@pytest.mark.parametrize("case", CASES)
def test_whatever_is_not_up_has_a_reason(case: str) -> None:
    state, code, sentence = CASES[case]
    found = why(state)
    assert found is not None
    assert found[0] == code
    assert sentence in found[1]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_that_a_peer_can_give_is_a_sentence(reason: Reason) -> None:
    found = why(CONNECTING.but(reason=reason))
    assert found is not None
    assert found[0] == reason
    assert found[1].endswith(".")


def test_what_is_up_needs_no_reason() -> None:
    assert why(UP) is None


@pytest.mark.parametrize("changes", [Changes(), Changes(intent=Intent.SUSPENDED), Changes(reason=Reason.NOT_OPENED)])
def test_silence_and_a_missing_way_come_before_everything_else(changes: Changes) -> None:
    state = UP.but(**changes)
    assert why(state, around(routed=False)) == ("NoRoute", "The broker has no queue that leads from here to vpc-b.")
    silent = why(state, around(heard=NOW - 100))
    assert silent == ("PeerUnreachable", "Nothing was heard from vpc-b for 100 s.")
    never = why(state, around(heard=None, asked=NOW - 100))
    assert never == ("PeerUnreachable", "Nothing was heard from vpc-b since this worker started.")


def test_a_view_shows_what_is_known_and_no_more() -> None:
    shown = view(CONFIGURED, Peers(10.0, 35.0), NOW)
    assert shown.peer is not None
    assert (shown.peer.reachable, shown.peer.status, shown.holds, shown.charged) == (None, None, [], "this end")
    assert view(IDLE, around(), NOW).peer is None
    assert view(IDLE, around(), NOW).charged == "nobody"
    accepting = Interface("ri-a", OWN, ACCEPTOR, Epoch(1, 1), peer=PEER)
    assert view(accepting, around(), NOW).charged == "the peer"


@pytest.mark.parametrize("state", [CONFIGURED, CONNECTING, UP])
def test_a_worker_that_was_not_told_to_accept_the_peers_account_says_so(state: Interface) -> None:
    told = explain(state, around(), NOW, Condition(frozenset({"alice"})))
    assert told is not None
    assert (told.code, "--accept-from" in told.sentence) == ("QueueUnread", True)
    assert explain(UP, around(), NOW, Condition(frozenset({"alice", "bob"}))) is None
