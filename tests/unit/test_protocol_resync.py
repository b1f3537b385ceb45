"""Tests of a peer on another store: it is asked anew, and not believed for what it said before."""

from __future__ import annotations

from shared.protocol.words import Status
from tests.unit.transcripts import play


def test_a_peer_on_another_store_is_asked_until_it_answers_for_its_new_epoch() -> None:
    """Found by the simulation: its first answer was lost, and the end that had asked once was content for ever."""
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
        acceptor: loses its store
        initiator: doubt
          Activated -> Activating
          #4 Declare 1.2 up Activating ack 1.1 got 0
        acceptor: hears #4
          #5 NotReady 2 answers 1.2 NotOpened
        initiator: hears #2
          #6 Declare 1.2 up Activating ack 1.1 got 0
        initiator: resend
          #7 Declare 1.2 up Activating ack 1.1 got 0
        acceptor: hears #7
          #8 NotReady 2 answers 1.2 NotOpened
        initiator: hears #8
          Activating -> Connecting
          #9 Initiate 1.2 up Connecting ack 2.0 got 0
        acceptor: hears #9
          Idle -> Accepting
          #10 Declare 2.1 up Accepting ack 1.2 got 0
        initiator: hears #10
          Connecting -> Activated
          #11 Declare 1.2 up Activated ack 2.1 got 0
    """)


def test_an_end_that_its_peer_deleted_does_not_come_back_from_doubt() -> None:
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
        initiator: doubt
          #7 Declare 1.2 up Deleted ack 1.2 got 0
    """)


def test_what_an_initiator_said_in_an_epoch_that_it_lost_does_not_undo_what_was_agreed_since() -> None:
    """The acceptor was Idle for good then, while the initiator was Activated and had nothing to say."""
    initiator, acceptor = play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        initiator: waited
          Connecting -> Idle
        initiator: initiate
          Idle -> Connecting
          #2 Initiate 2.2 up Connecting ack -.0 got 0
        initiator: waited
          Connecting -> Idle
        acceptor: hears #1
          Idle -> Accepting
          #3 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #3
          #4 NotReady 3 answers 1.1 NotInitiated
        initiator: loses its store
        initiator: hears #3
          #5 NotReady 2 answers 1.1 NotInitiated
        initiator: initiate
          Idle -> Connecting
          #6 Initiate 2.1 up Connecting ack -.0 got 0
        acceptor: hears #6
          #7 Declare 1.2 up Accepting ack 2.1 got 0
        initiator: hears #7
          Connecting -> Activated
          #8 Declare 2.1 up Activated ack 1.2 got 0
        acceptor: hears #8
          Accepting -> Activated
          ignored: nothing new
        acceptor: hears #4
          ignored: it answers something older
    """)
    assert (initiator.status, acceptor.status) == (Status.ACTIVATED, Status.ACTIVATED)
