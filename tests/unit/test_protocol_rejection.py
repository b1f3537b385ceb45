"""Tests of rejection: an owner that rejects a peer keeps this end Idle, and the peer is told and stops asking."""

from __future__ import annotations

from dataclasses import replace

from acceptor.handshake import step as acceptor_step
from initiator.handshake import step as initiator_step
from lab.explore.state import PEERS, created
from shared.protocol import refusals
from shared.protocol.effects import Refused
from shared.protocol.events import Configure, Delete, Reject
from shared.protocol.interface import timers
from shared.protocol.messages import Reason
from shared.protocol.words import Status
from tests.unit.test_protocol_consent import connecting, heard
from tests.unit.test_protocol_refusals import ESTABLISHED
from tests.unit.transcripts import play

NONCE = 99


def test_a_rejected_peer_is_told_and_asks_no_more() -> None:
    first, second = play(
        """
        acceptor: reject
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          #2 NotReady 1 answers 1.1 RejectedByPeer
        initiator: hears #2
          Connecting -> Idle
        """
    )
    assert (first.reason, first.epoch.number, timers(first)) == (Reason.REJECTED_BY_PEER, 2, frozenset())
    assert (second.status, second.reason) == (Status.IDLE, Reason.PEER_REJECTED)


def test_who_configures_after_all_is_asked_anew() -> None:
    first, second = play(
        """
        acceptor: reject
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          #2 NotReady 1 answers 1.1 RejectedByPeer
        initiator: hears #2
          Connecting -> Idle
        acceptor: configure
        initiator: initiate
          Idle -> Connecting
          #3 Initiate 2.2 up Connecting ack -.0 got 0
        initiator: hears #2
          ignored: it answers something older
        acceptor: hears #3
          Idle -> Accepting
          #4 Declare 1.1 up Accepting ack 2.2 got 0
        initiator: hears #4
          Connecting -> Activated
          #5 Declare 2.2 up Activated ack 1.1 got 0
        """
    )
    assert (first.reason, second.reason) == (None, None)


def test_an_end_that_waits_can_reject_whom_it_was_waiting_for_and_an_open_one_cannot() -> None:
    waiting = created(1, 1).end
    assert acceptor_step(waiting, Reject(PEERS[1], NONCE)) == (replace(waiting, reason=Reason.PEER_REJECTED), ())
    _, established = play(ESTABLISHED)
    state, (refused,) = acceptor_step(established, Reject(PEERS[1], NONCE))
    assert state is established
    assert isinstance(refused, Refused)
    assert refused.refusal is refusals.INCORRECT_STATUS


def test_rejecting_twice_and_configuring_twice_change_nothing() -> None:
    rejecting = acceptor_step(created(1, 1).end, Reject(PEERS[1], NONCE)).state
    assert acceptor_step(rejecting, Reject(PEERS[1], NONCE)).state is rejecting
    configured = acceptor_step(rejecting, Configure(PEERS[1], NONCE)).state
    assert configured == created(1, 1).end
    assert acceptor_step(configured, Configure(PEERS[1], NONCE)).state is configured


def test_an_end_without_a_peer_rejects_by_naming_it() -> None:
    rejecting = acceptor_step(created(1, 1, configured=False).end, Reject(PEERS[1], NONCE)).state
    assert (rejecting.peer, rejecting.reason) == (PEERS[1], Reason.PEER_REJECTED)
    deleted = acceptor_step(rejecting, Delete()).state
    assert deleted.status is Status.DELETED


def test_the_end_that_asks_has_nobody_to_reject() -> None:
    state, _ = connecting()
    assert initiator_step(state, Reject(PEERS[0], NONCE)) == (state, (Refused(refusals.NOBODY_ASKS),))


def test_the_answer_repeats_what_was_asked() -> None:
    _, said = connecting()
    rejecting = acceptor_step(created(1, 1).end, Reject(PEERS[1], NONCE)).state
    state, effects = acceptor_step(rejecting, heard(1, said))
    assert state is rejecting
    assert [effect.message.answers for effect in effects] == [said.version]  # type: ignore[union-attr]
