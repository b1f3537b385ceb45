"""Tests of deletion, from either end and from both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from initiator.handshake import step
from lab.explore.state import ADDRESSES, created
from shared.protocol.events import Delete, Due, Event, Initiate, PeerStoreChanged, Received, Restate, Restored
from shared.protocol.messages import NotReady, Reason
from shared.protocol.words import Epoch, PeerInformation, Status, Timer
from tests.unit.transcripts import play


def test_one_end_is_deleted_and_then_the_other() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          Connecting -> Activated
          #3 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #3
          Accepting -> Activated
          ignored: nothing new
        acceptor: delete
          Activated -> Deleting
          #4 Declare 1.2 deleted Deleting ack 1.1 got 0
        initiator: hears #4
          Activated -> Deleting
          #5 Declare 1.2 up Deleting ack 1.2 got 0
        acceptor: hears #5
          Deleting -> Deleted
          #6 Declare 1.2 deleted Deleted ack 1.2 got 0
        initiator: hears #6
          Deleting -> Deleted
          ignored: nothing new
        acceptor: hears #5
          #7 Declare 1.2 deleted Deleted ack 1.2 got 0
        initiator: resume
          refused PeerDeleted
        initiator: suspend
          refused IncorrectStatus It is Deleted.
        initiator: delete
          #8 Declare 1.3 deleted Deleted ack 1.2 got 0
        initiator: delete
          refused IncorrectStatus It is Deleted.
        acceptor: hears #8
          ignored: the peer knows that this end is deleted
        acceptor: resume
          refused IncorrectStatus It is Deleted.
        initiator: initiate
          refused IncorrectStatus It is Deleted.
        initiator: send late
          refused NotActivated It is Deleted.
        initiator: restate
          ignored: this end has not opened
        initiator: resend
          ignored: this end has not opened
    """)


def test_both_ends_are_deleted_at_once() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          Connecting -> Activated
          #3 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #3
          Accepting -> Activated
          ignored: nothing new
        initiator: delete
          Activated -> Deleting
          #4 Declare 1.2 deleted Deleting ack 1.1 got 0
        acceptor: delete
          Activated -> Deleting
          #5 Declare 1.2 deleted Deleting ack 1.1 got 0
        initiator: hears #5
          Deleting -> Deleted
          #6 Declare 1.2 deleted Deleted ack 1.2 got 0
        acceptor: hears #4
          Deleting -> Deleted
          #7 Declare 1.2 deleted Deleted ack 1.2 got 0
        acceptor: hears #6
          ignored: the peer knows that this end is deleted
        initiator: hears #2
          #8 Declare 1.2 deleted Deleted ack 1.1 got 0
    """)


def test_deleting_forgets_what_was_not_acknowledged() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          Connecting -> Activated
          #3 Declare 1.1 up Activated ack 1.1 got 0
        initiator: send one
          keeps 1
          #4 Data 1 in 1.1/1.1
        initiator: delete
          Activated -> Deleting
          forgets through 1
          #5 Declare 1.2 deleted Deleting ack 1.1 got 0
        acceptor: hears #4
          Accepting -> Activated
          delivers one
          #6 Declare 1.1 up Activated ack 1.1 got 1
        initiator: hears #6
          #7 Declare 1.2 deleted Deleting ack 1.1 got 0
        acceptor: hears #5
          Activated -> Deleting
          #8 Declare 1.2 up Deleting ack 1.2 got 1
        initiator: hears #8
          Deleting -> Deleted
          #9 Declare 1.2 deleted Deleted ack 1.2 got 0
        acceptor: send two
          refused NotActivated It is Deleting.
        initiator: hears #6
          #10 Declare 1.2 deleted Deleted ack 1.1 got 0
    """)


def test_an_initiate_that_meets_a_deleted_end_learns_of_it() -> None:
    play("""
        acceptor: delete
          Idle -> Deleted
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          #2 Declare 1.1 deleted Deleted ack 1.1 got 0
        initiator: hears #2
          Connecting -> Deleted
          #3 Declare 1.1 up Deleted ack 1.1 got 0
        initiator: hears #2
          ignored: nothing new
        acceptor: hears #3
          ignored: the peer knows that this end is deleted
    """)


def test_an_unanswered_initiator_is_deleted_at_once() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: delete
          Connecting -> Deleted
        acceptor: resend
          #3 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          #4 Declare 1.2 deleted Deleted ack 1.1 got 0
        acceptor: hears #4
          Accepting -> Deleting
          #5 Declare 1.2 up Deleting ack 1.2 got 0
    """)


def test_a_deletion_ends_when_the_peer_has_forgotten_everything() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          Connecting -> Activated
          #3 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #3
          Accepting -> Activated
          ignored: nothing new
        initiator: delete
          Activated -> Deleting
          #4 Declare 1.2 deleted Deleting ack 1.1 got 0
        acceptor: loses its store
        acceptor: hears #4
          #5 NotReady 2 answers 1.2 NotOpened
        initiator: hears #5
          Deleting -> Deleted
    """)


def test_a_deleted_end_that_was_put_back_tells_its_new_epoch() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          Connecting -> Activated
          #3 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #3
          Accepting -> Activated
          ignored: nothing new
        initiator: delete
          Activated -> Deleting
          #4 Declare 1.2 deleted Deleting ack 1.1 got 0
        acceptor: hears #4
          Activated -> Deleting
          #5 Declare 1.2 up Deleting ack 1.2 got 0
        initiator: hears #5
          Deleting -> Deleted
          #6 Declare 1.2 deleted Deleted ack 1.2 got 0
        acceptor: hears #6
          Deleting -> Deleted
          ignored: nothing new
        initiator: restored
          ignored: this end has not opened
        initiator: hears #5
          #7 Declare 2.2 deleted Deleted ack 1.2 got 0
        acceptor: hears #7
          #8 Declare 1.2 up Deleted ack 2.2 got 0
        initiator: hears #8
          ignored: the peer knows that this end is deleted
    """)


NOBODY = PeerInformation("ri-nobody", "vpc-nowhere", "nobody", "cn-x")
UNHEARD: dict[str, tuple[Event, ...]] = {
    "nothing": (),
    "timers": (Due(Timer.RESEND, 9), Restate(), Due(Timer.RESEND, 9)),
    "another store": (PeerStoreChanged(), Restored(9)),
    **{
        f"{reason} in epoch {epoch and epoch.number}": (
            Received(NOBODY.address, NotReady(epoch, Epoch(1, 0), 1, reason), 9),
        )
        for reason in Reason
        if reason is not Reason.REJECTED_BY_PEER
        for epoch in (None, Epoch(5, 5))
    },
    "strangers": (Received(ADDRESSES[1], NotReady(None, Epoch(1, 0), 1, Reason.PEER_NOT_CONFIGURED), 9),),
}
"""What can happen to an end that is Connecting, while its peer has never declared anything."""


@pytest.mark.parametrize("events", UNHEARD.values(), ids=UNHEARD)
def test_who_connects_to_a_peer_that_does_not_exist_can_be_deleted_at_once(events: tuple[Event, ...]) -> None:
    end = step(replace(created(0, 0).end, peer=NOBODY), Initiate()).state
    for event in events:
        end = step(end, event).state
        assert end.status is Status.CONNECTING
    assert step(end, Delete()) == (deleted := step(end, Delete()).state, ())
    assert deleted.status is Status.DELETED
