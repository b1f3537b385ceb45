"""Tests of payloads: each is tied to the activation that it was sent in."""

from __future__ import annotations

from tests.unit.transcripts import play


def test_payloads_arrive_once_and_in_order() -> None:
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
        initiator: send two
          keeps 2
          #5 Data 2 in 1.1/1.1
        acceptor: hears #5
          Accepting -> Activated
          ignored: a payload out of turn
          #6 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #4
          delivers one
          #7 Declare 1.1 up Activated ack 1.1 got 1
        acceptor: hears #5
          delivers two
          #8 Declare 1.1 up Activated ack 1.1 got 2
        acceptor: hears #5
          ignored: a payload out of turn
          #9 Declare 1.1 up Activated ack 1.1 got 2
        initiator: hears #8
          forgets through 2
        initiator: resend
          ignored: the timer no longer matters
        acceptor: send three
          keeps 1
          #10 Data 1 in 1.1/1.1
        initiator: hears #10
          delivers three
          #11 Declare 1.1 up Activated ack 1.1 got 1
    """)


def test_a_payload_whose_acknowledgement_is_lost_goes_out_again() -> None:
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
        initiator: send one
          keeps 1
          #4 Data 1 in 1.1/1.1
        acceptor: hears #4
          delivers one
          #5 Declare 1.1 up Activated ack 1.1 got 1
        initiator: resend
          #6 Data 1 in 1.1/1.1
        acceptor: hears #6
          ignored: a payload out of turn
          #7 Declare 1.1 up Activated ack 1.1 got 1
        initiator: hears #7
          forgets through 1
        initiator: resend
          ignored: the timer no longer matters
    """)


OVERTAKEN = """
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
        initiator: send one
          keeps 1
          #4 Data 1 in 1.1/1.1
        acceptor: suspend
          Activated -> Suspending
          #5 Declare 1.2 suspended Suspending ack 1.1 got 0
        initiator: hears #5
          Activated -> Suspending
          #6 Declare 1.2 up Suspending ack 1.2 got 0
        acceptor: hears #4
          ignored: sent in another activation
          #7 Declare 1.2 suspended Suspending ack 1.1 got 0
        acceptor: hears #6
          Suspending -> Suspended
          #8 Declare 1.2 suspended Suspended ack 1.2 got 0
        initiator: hears #8
          Suspending -> Suspended
          ignored: nothing new
        initiator: send two
          refused NotActivated It is Suspended.
        acceptor: resume
          Suspended -> Activating
          #9 Declare 1.3 up Activating ack 1.2 got 0
        initiator: hears #9
          Suspended -> Activating
          #10 Declare 1.3 up Activating ack 1.3 got 0
        acceptor: hears #10
          Activating -> Activated
          #11 Declare 1.3 up Activated ack 1.3 got 0
        initiator: hears #11
          Activating -> Activated
          ignored: nothing new
          #12 Data 1 in 1.3/1.3
        acceptor: hears #12
          delivers one
          #13 Declare 1.3 up Activated ack 1.3 got 1
        acceptor: hears #4
          ignored: sent in another activation
          #14 Declare 1.3 up Activated ack 1.3 got 1
        initiator: hears #13
          forgets through 1
    """


def test_what_a_suspension_overtook_goes_out_in_the_next_activation() -> None:
    play(OVERTAKEN)


def test_a_receiver_that_lost_its_store_begins_where_the_sender_knows() -> None:
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
        initiator: send one
          keeps 1
          #4 Data 1 in 1.1/1.1
        acceptor: hears #4
          delivers one
          #5 Declare 1.1 up Activated ack 1.1 got 1
        initiator: hears #5
          forgets through 1
        acceptor: loses its store
        initiator: send two
          keeps 2
          #6 Data 2 in 1.1/1.1
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
          #11 Data 2 in 1.1/2.1
        acceptor: hears #11
          Accepting -> Activated
          delivers two
          #12 Declare 2.1 up Activated ack 1.1 got 2
    """)
