"""Tests of consent: both peer informations agree in everything they say, and each end compares for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acceptor.handshake import step as acceptor_step
from initiator.handshake import step as initiator_step
from lab.explore.state import ADDRESSES, PEERS, WRONG, created
from shared.protocol.consent import disagreement
from shared.protocol.effects import Ignored, Say
from shared.protocol.events import Configure, Delete, Due, Initiate, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Declare, Message, NotReady, Reason
from shared.protocol.words import Epoch, Intent, Kind, PeerInformation, Status, Timer
from tests.unit.test_protocol_refusals import ESTABLISHED
from tests.unit.transcripts import play

NONCE = 99
CLAIMS = (
    Claims("ri-a", "vpc-a", Kind.VPC, "alice", "cn-hangzhou"),
    Claims("ri-b", "vpc-b", Kind.VPC, "bob", "cn-shanghai"),
)
INITIATE = Declare(Epoch(1, 0), 1, Intent.UP, None, 0, 0, Status.CONNECTING, CLAIMS[0], PEERS[0])
ANSWER = Declare(Epoch(1, 1), 1, Intent.UP, Epoch(1, 0), 1, 0, Status.ACCEPTING, CLAIMS[1])
LIES = ({"interface": "ri-x"}, {"endpoint": "vpc-x"}, {"kind": Kind.VBR}, {"account": "xavier"}, {"region": "cn-x"})


def heard(which: int, message: Message) -> Received:
    """The peer says this to the end of that place."""
    return Received(ADDRESSES[1 - which], message, NONCE)


def connecting(peer: PeerInformation = PEERS[0]) -> tuple[Interface, Declare]:
    """An initiator that has asked, and what it said."""
    end, (said,) = initiator_step(replace(created(0, 0).end, peer=peer), Initiate())
    assert isinstance(said, Say)
    assert isinstance(said.message, Declare)
    return end, said.message


def test_an_initiate_says_who_asks_and_whom_it_takes_the_other_for() -> None:
    _, said = connecting()
    assert said == INITIATE
    assert said.initiates


def test_an_answer_says_who_answers_until_it_is_acknowledged() -> None:
    _, (answer,) = acceptor_step(created(1, 1).end, heard(1, INITIATE))
    assert answer == Say(ADDRESSES[0], ANSWER)
    assert not ANSWER.initiates
    _, established = play(ESTABLISHED)
    _, (again,) = acceptor_step(established, heard(1, INITIATE))
    assert isinstance(again, Say)
    assert isinstance(again.message, Declare)
    assert (again.message.claims, again.message.peer) == (None, None)


@pytest.mark.parametrize(
    ("peer", "reason", "told"),
    [
        (WRONG[0][0], Reason.PEER_KIND_MISMATCH, Reason.WRONG_PEER_INFORMATION),
        (WRONG[0][1], Reason.PEER_KIND_MISMATCH, Reason.WRONG_PEER_INFORMATION),
        (WRONG[0][2], Reason.PEER_KIND_MISMATCH, Reason.WRONG_PEER_INFORMATION),
        (WRONG[0][3], Reason.PEER_REGION_MISMATCH, Reason.WRONG_PEER_REGION),
    ],
    ids=["interface", "endpoint", "account", "region"],
)
def test_an_acceptor_opens_only_to_whom_takes_it_for_what_it_is(
    peer: PeerInformation, reason: Reason, told: Reason
) -> None:
    end = created(1, 1).end
    state, effects = acceptor_step(end, heard(1, replace(INITIATE, peer=peer)))
    assert (state.status, state.reason) == (Status.IDLE, reason)
    assert effects == (Say(ADDRESSES[0], NotReady(end.epoch, Epoch(1, 0), 1, told)),)
    assert acceptor_step(state, heard(1, replace(INITIATE, peer=peer))).state is state
    opened = acceptor_step(state, heard(1, INITIATE)).state
    assert (opened.status, opened.reason) == (Status.ACCEPTING, None)


def test_an_initiator_that_names_another_region_is_told_so_and_comes_up_once_that_is_mended() -> None:
    """What `--peer-region cn-mars` came to before: a connection between two regions that are one."""
    first, said = connecting(replace(PEERS[0], region="cn-mars"))
    second, (answer,) = acceptor_step(created(1, 1).end, heard(1, said))
    assert isinstance(answer, Say)
    first, effects = initiator_step(first, heard(0, answer.message))
    assert (first.status, first.reason, effects) == (Status.CONNECTING, Reason.WRONG_PEER_REGION, ())
    first = initiator_step(first, Due(Timer.CONNECT, NONCE)).state
    assert (first.status, first.reason) == (Status.IDLE, Reason.WRONG_PEER_REGION)
    first = initiator_step(first, Configure(PEERS[0], NONCE + 1)).state
    first, (again,) = initiator_step(first, Initiate())
    assert isinstance(again, Say)
    second, (answer,) = acceptor_step(second, heard(1, again.message))
    assert isinstance(answer, Say)
    assert initiator_step(first, heard(0, answer.message)).state.status is Status.ACTIVATED


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
def test_an_initiator_records_nothing_of_who_says_it_is_something_else(lie: dict[str, Any]) -> None:
    end, _ = connecting()
    answer = replace(ANSWER, claims=replace(CLAIMS[1], **lie))
    state, effects = initiator_step(end, heard(0, answer))
    reason = Reason.WRONG_PEER_REGION if "region" in lie else Reason.WRONG_PEER_INFORMATION
    assert (state.status, state.peer_epoch, state.reason) == (Status.CONNECTING, None, reason)
    assert effects == (Ignored("the peer is not what this end's owner named"),)
    assert initiator_step(state, heard(0, ANSWER)).state.status is Status.ACTIVATED


def test_what_a_worker_of_0_1_0_does_not_say_is_not_compared() -> None:
    end = acceptor_step(created(1, 1).end, heard(1, replace(INITIATE, peer=None))).state
    assert end.status is Status.ACCEPTING
    first, _ = connecting()
    assert initiator_step(first, heard(0, replace(ANSWER, claims=None))).state.status is Status.ACTIVATED


def test_an_open_acceptor_records_nothing_of_a_peer_that_began_anew_and_disagrees() -> None:
    _, end = play(ESTABLISHED)
    anew = replace(INITIATE, epoch=Epoch(2, 5), peer=WRONG[0][3])
    state, effects = acceptor_step(end, heard(1, anew))
    assert (state.status, state.reason) == (Status.ACTIVATED, Reason.PEER_REGION_MISMATCH)
    assert state == replace(end, reason=state.reason)
    assert effects == (Say(ADDRESSES[0], NotReady(end.epoch, Epoch(2, 5), 1, Reason.WRONG_PEER_REGION)),)
    agreed = acceptor_step(state, heard(1, replace(anew, peer=PEERS[0]))).state
    assert (agreed.peer_epoch, agreed.status, agreed.reason) == (Epoch(2, 5), Status.ACCEPTING, None)


def test_what_was_said_in_an_epoch_that_is_over_gives_no_reason_now() -> None:
    _, end = play(ESTABLISHED)
    end = replace(end, peer_epoch=Epoch(3, 5))
    state, effects = acceptor_step(end, heard(1, replace(INITIATE, peer=WRONG[0][3])))
    assert state == end
    assert effects == (Say(ADDRESSES[0], NotReady(end.epoch, Epoch(3, 5), 0, Reason.WRONG_PEER_REGION)),)


@pytest.mark.parametrize("which", [0, 1])
def test_a_deletion_needs_nobodys_consent(which: int) -> None:
    end = play(ESTABLISHED)[which]
    step = (initiator_step, acceptor_step)[which]
    claims = replace(CLAIMS[1 - which], region="cn-x")
    gone = Declare(Epoch(2, 5), 2, Intent.DELETED, None, 0, 0, Status.DELETING, claims)
    assert step(end, heard(which, gone)).state.status is Status.DELETING
    leaving = step(end, Delete()).state
    state = step(leaving, heard(which, replace(gone, intent=Intent.UP))).state
    assert (state.status, state.peer_epoch) == (Status.DELETING, Epoch(2, 5))


def test_a_deletion_opens_no_end_that_disagrees() -> None:
    end = created(1, 1).end
    gone = replace(INITIATE, intent=Intent.DELETED, status=Status.DELETING, peer=WRONG[0][3])
    assert acceptor_step(end, heard(1, gone)).state.status is Status.IDLE


def test_an_end_without_peer_information_has_nothing_to_compare_claims_with() -> None:
    end = created(1, 1, configured=False).end
    assert disagreement(end, INITIATE) is None
    assert disagreement(end, replace(INITIATE, peer=WRONG[0][0])) is not None
