"""Tests of what no honest peer says, said by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acceptor.handshake import step as acceptor_step
from initiator.handshake import step as initiator_step
from lab.explore.state import ADDRESSES, STRANGER, created
from shared.protocol.effects import Ignored, Say
from shared.protocol.events import Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Data, Declare, Message, NotReady, Reason
from shared.protocol.registers import forgot, succeeds
from shared.protocol.words import LAST_NUMBER, Activation, Epoch, Intent, Kind, Status
from tests.unit.test_protocol_refusals import ESTABLISHED
from tests.unit.transcripts import play

NONCE = 99
CLAIMS = Claims("ri-a", "vpc-a", Kind.VPC, "alice", "cn-hangzhou")
INITIATE = Declare(Epoch(1, 0), 1, Intent.UP, None, 0, 0, Status.CONNECTING, CLAIMS)
NOT_MINE = Ignored("the sender is not the configured peer")


def heard(which: int, message: Message) -> Received:
    """The peer says this to the end of that place."""
    return Received(ADDRESSES[1 - which], message, NONCE)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        (None, Reason.NOT_OPENED),
        (replace(CLAIMS, region="cn-beijing"), Reason.PEER_REGION_MISMATCH),
        (replace(CLAIMS, kind=Kind.VBR), Reason.PEER_KIND_MISMATCH),
        (replace(CLAIMS, interface="ri-x"), Reason.PEER_KIND_MISMATCH),
        (replace(CLAIMS, endpoint="vpc-x"), Reason.PEER_KIND_MISMATCH),
        (replace(CLAIMS, account="mallory"), Reason.PEER_KIND_MISMATCH),
    ],
)
def test_an_initiate_is_compared_word_for_word(claims: Claims | None, reason: Reason) -> None:
    end = created(1, 1).end
    state, effects = acceptor_step(end, heard(1, replace(INITIATE, claims=claims)))
    mine = {Reason.PEER_REGION_MISMATCH: Reason.WRONG_PEER_REGION, Reason.NOT_OPENED: None}
    assert state == replace(end, reason=mine.get(reason, Reason.WRONG_PEER_INFORMATION))
    assert effects == (Say(ADDRESSES[0], NotReady(end.epoch, Epoch(1, 0), 1, reason)),)


def test_an_idle_end_answers_a_payload_and_no_not_ready() -> None:
    end = created(0, 0).end
    payload = Data(Activation(Epoch(1, 1), 1, Epoch(1, 0), 1), 1, 0, "x")
    _, effects = initiator_step(end, heard(0, payload))
    assert effects == (Say(ADDRESSES[1], NotReady(Epoch(1, 0), Epoch(1, 1), 1, Reason.NOT_INITIATED)),)
    answer = NotReady(Epoch(1, 1), Epoch(1, 0), 1, Reason.NOT_OPENED)
    assert initiator_step(end, heard(0, answer)) == (end, (Ignored("this end has not opened"),))


def test_a_strangers_payload_is_not_answered() -> None:
    _, end = play(ESTABLISHED)
    payload = Data(Activation(Epoch(1, 0), 1, Epoch(1, 1), 1), 1, 0, "x")
    assert acceptor_step(end, Received(STRANGER, payload, NONCE)) == (end, (NOT_MINE,))


def test_a_peer_that_acknowledges_what_was_never_said_makes_this_end_begin_a_new_epoch() -> None:
    _, end = play(ESTABLISHED)
    ahead = Declare(Epoch(1, 0), 1, Intent.UP, end.epoch, end.version + 1, 0, Status.ACTIVATED)
    state, effects = acceptor_step(end, heard(1, ahead))
    assert (state.epoch, state.acknowledged, state.status) == (Epoch(2, NONCE), 0, Status.ACCEPTING)
    assert len(effects) == 1


def test_a_peer_that_has_received_more_than_was_sent_is_not_believed() -> None:
    _, end = play(ESTABLISHED)
    ahead = Declare(Epoch(1, 0), 1, Intent.UP, end.epoch, 1, 7, Status.ACTIVATED)
    assert acceptor_step(end, heard(1, ahead)).state.sent_acknowledged == 0


def test_an_older_version_brings_no_newer_status() -> None:
    _, end = play(ESTABLISHED)
    end = replace(end, peer_version=2)
    older = Declare(Epoch(1, 0), 1, Intent.UP, end.epoch, 1, 0, Status.DELETED)
    assert acceptor_step(end, heard(1, older)).state.peer_status is end.peer_status


def test_an_epoch_that_is_over_is_answered_and_not_followed() -> None:
    _, end = play(ESTABLISHED)
    end = replace(end, peer_epoch=Epoch(3, 5))
    state, effects = acceptor_step(end, heard(1, INITIATE))
    assert state == end
    assert isinstance(effects[0], Say)


def test_a_not_ready_of_the_past_says_nothing_about_the_present() -> None:
    initiator, _ = play(ESTABLISHED)
    for answer in (
        NotReady(Epoch(2, 7), Epoch(0, 0), 1, Reason.NOT_OPENED),
        NotReady(Epoch(2, 7), initiator.epoch, initiator.version + 1, Reason.NOT_OPENED),
    ):
        assert initiator_step(initiator, heard(0, answer)) == (initiator, (Ignored("it answers something older"),))


def test_a_deleted_end_has_nothing_to_learn_from_a_not_ready() -> None:
    initiator, _ = play(ESTABLISHED)
    deleted = replace(initiator, open=False, intent=Intent.DELETED)
    answer = NotReady(deleted.peer_epoch, deleted.epoch, deleted.version, Reason.NOT_OPENED)
    assert initiator_step(deleted, heard(0, answer)) == (deleted, (Ignored("this end has not opened"),))


def test_a_not_ready_is_remembered_once() -> None:
    initiator, _ = play(ESTABLISHED)
    answer = NotReady(initiator.peer_epoch, initiator.epoch, initiator.version, Reason.NOT_OPENED)
    state = initiator_step(initiator, heard(0, answer)).state
    assert state.reason is Reason.NOT_OPENED
    assert initiator_step(state, heard(0, answer)).state is state


@pytest.mark.parametrize(
    ("spoken_to", "forgotten"),
    [
        (None, False),
        (Epoch(5, 1), False),
        (Epoch(4, 9), False),
        (Epoch(5, 2), True),
        (Epoch(6, 1), True),
        (Epoch(LAST_NUMBER, 1), False),
    ],
)
def test_r1_which_epochs_were_lost(spoken_to: Epoch | None, *, forgotten: bool) -> None:
    end: Interface = replace(created(0, 0).end, epoch=Epoch(5, 1))
    assert forgot(end, spoken_to) is forgotten


def test_r2_the_same_number_never_succeeds() -> None:
    assert succeeds(Epoch(2, 0), Epoch(1, 9))
    assert not succeeds(Epoch(1, 0), Epoch(1, 9))
    assert not succeeds(Epoch(1, 0), None)
    assert not succeeds(None, Epoch(1, 0))
