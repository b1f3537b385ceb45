"""Tests of epochs: a lost or restored store is found out by both ends."""

from __future__ import annotations

from tests.unit.transcripts import play


def test_the_acceptor_lost_its_store() -> None:
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
        acceptor: loses its store
        initiator: restate
          #4 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #4
          #5 NotReady 2 answers 1.1 NotOpened
        initiator: hears #5
          Activated -> Connecting
          #6 Initiate 1.1 up Connecting ack 2.0 got 0
        acceptor: hears #6
          Idle -> Accepting
          #7 Declare 2.1 up Accepting ack 1.1 got 0
        initiator: hears #7
          Connecting -> Activated
          #8 Declare 1.1 up Activated ack 2.1 got 0
        acceptor: hears #8
          Accepting -> Activated
          ignored: nothing new
        acceptor: hears #3
          #9 Declare 2.1 up Activated ack 1.1 got 0
    """)


def test_the_initiator_lost_its_store() -> None:
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
        initiator: loses its store
        acceptor: restate
          #4 Declare 1.1 up Activated ack 1.1 got 0
        initiator: hears #4
          #5 NotReady 2 answers 1.1 NotInitiated
        acceptor: hears #5
          Activated -> Idle
        initiator: initiate
          Idle -> Connecting
          #6 Initiate 2.1 up Connecting ack -.0 got 0
        acceptor: hears #6
          Idle -> Accepting
          #7 Declare 1.2 up Accepting ack 2.1 got 0
        initiator: hears #7
          Connecting -> Activated
          #8 Declare 2.1 up Activated ack 1.2 got 0
        acceptor: hears #8
          Accepting -> Activated
          ignored: nothing new
        acceptor: hears #3
          #9 Declare 1.2 up Activated ack 2.1 got 0
    """)


def test_an_initiator_that_asks_again_before_it_knows_what_it_lost() -> None:
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
        initiator: loses its store
        initiator: initiate
          Idle -> Connecting
          #4 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #4
          #5 Declare 1.1 up Activated ack 1.1 got 0
        initiator: hears #5
          #6 Initiate 2.1 up Connecting ack 1.1 got 0
        acceptor: hears #6
          Activated -> Activating
          #7 Declare 1.2 up Activating ack 2.1 got 0
        initiator: hears #7
          Connecting -> Activated
          #8 Declare 2.1 up Activated ack 1.2 got 0
    """)


def test_a_deleted_end_notices_an_epoch_it_has_forgotten() -> None:
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
        initiator: loses its store
        initiator: delete
          Idle -> Deleted
        acceptor: restate
          #4 Declare 1.1 up Activated ack 1.1 got 0
        initiator: hears #4
          #5 Declare 2.1 deleted Deleted ack 1.1 got 0
        acceptor: hears #5
          Activated -> Deleting
          #6 Declare 1.2 up Deleting ack 2.1 got 0
        initiator: hears #6
          #7 Declare 2.1 deleted Deleted ack 1.2 got 0
    """)


def test_a_backup_is_put_back() -> None:
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
        initiator: restored
          Activated -> Connecting
          #4 Initiate 2.1 up Connecting ack 1.1 got 0
        acceptor: hears #4
          Activated -> Activating
          #5 Declare 1.2 up Activating ack 2.1 got 0
        initiator: hears #5
          Connecting -> Activated
          #6 Declare 2.1 up Activated ack 1.2 got 0
        acceptor: hears #6
          Activating -> Activated
          ignored: nothing new
        initiator: suspend
          Activated -> Suspending
          #7 Declare 2.2 suspended Suspending ack 1.2 got 0
        initiator: restored
          #8 Initiate 3.2 suspended Suspending ack 1.2 got 0
        acceptor: hears #8
          Activated -> Suspending
          #9 Declare 1.3 up Suspending ack 3.2 got 0
        initiator: hears #9
          Suspending -> Suspended
          #10 Declare 3.2 suspended Suspended ack 1.3 got 0
        acceptor: hears #10
          Suspending -> Suspended
          ignored: nothing new
    """)


def test_an_end_that_holds_waits_for_a_peer_that_lost_everything() -> None:
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
        acceptor: suspend
          Activated -> Suspending
          #4 Declare 1.2 suspended Suspending ack 1.1 got 0
        initiator: loses its store
        initiator: hears #4
          #5 NotReady 2 answers 1.2 NotInitiated
        acceptor: hears #5
          #6 Declare 1.2 suspended Suspending ack 2.0 got 0
        initiator: initiate
          Idle -> Connecting
          #7 Initiate 2.1 up Connecting ack -.0 got 0
        acceptor: hears #7
          #8 Declare 1.2 suspended Suspending ack 2.1 got 0
        initiator: hears #8
          Connecting -> Suspended
          #9 Declare 2.1 up Suspended ack 1.2 got 0
        acceptor: hears #9
          Suspending -> Suspended
          ignored: nothing new
    """)


def test_the_acceptor_lost_everything_and_its_owner_configures_again() -> None:
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
        acceptor: loses everything
        initiator: restate
          #4 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #4
          #5 NotReady - answers 1.1 PeerNotConfigured
          ignored: the sender is not the configured peer
        initiator: hears #5
        acceptor: configure
        initiator: resend
          #6 Declare 1.1 up Activated ack 1.0 got 0
        acceptor: hears #6
          #7 NotReady 2 answers 1.1 NotOpened
        initiator: hears #7
          Activated -> Connecting
          #8 Initiate 1.1 up Connecting ack 2.0 got 0
        acceptor: hears #8
          Idle -> Accepting
          #9 Declare 2.1 up Accepting ack 1.1 got 0
        initiator: hears #9
          Connecting -> Activated
          #10 Declare 1.1 up Activated ack 2.1 got 0
        acceptor: hears #10
          Accepting -> Activated
          ignored: nothing new
    """)


def test_the_initiator_lost_everything_and_its_peer_waits_again() -> None:
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
        initiator: loses everything
        acceptor: restate
          #4 Declare 1.1 up Activated ack 1.1 got 0
        initiator: hears #4
          #5 NotReady - answers 1.1 PeerNotConfigured
          ignored: the sender is not the configured peer
        acceptor: hears #5
        acceptor: resend
          #6 Declare 1.1 up Activated ack 1.0 got 0
        initiator: configure
        initiator: hears #6
          #7 NotReady 2 answers 1.1 NotInitiated
        acceptor: hears #7
          Activated -> Idle
    """)
