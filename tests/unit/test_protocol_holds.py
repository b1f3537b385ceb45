"""Tests of suspensions: each is the hold of the end that ordered it."""

from __future__ import annotations

from tests.unit.transcripts import play


def test_every_row_of_the_articles_table() -> None:
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
        initiator: suspend
          Activated -> Suspending
          #4 Declare 1.2 suspended Suspending ack 1.1 got 0
        acceptor: hears #4
          Activated -> Suspending
          #5 Declare 1.2 up Suspending ack 1.2 got 0
        initiator: hears #5
          Suspending -> Suspended
          #6 Declare 1.2 suspended Suspended ack 1.2 got 0
        acceptor: hears #6
          Suspending -> Suspended
          ignored: nothing new
        initiator: resume
          Suspended -> Activating
          #7 Declare 1.3 up Activating ack 1.2 got 0
        acceptor: hears #7
          Suspended -> Activating
          #8 Declare 1.3 up Activating ack 1.3 got 0
        initiator: hears #8
          Activating -> Activated
          #9 Declare 1.3 up Activated ack 1.3 got 0
        acceptor: hears #9
          Activating -> Activated
          ignored: nothing new
    """)


def test_the_acceptor_suspends_and_resumes_just_the_same() -> None:
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
        initiator: hears #4
          Activated -> Suspending
          #5 Declare 1.2 up Suspending ack 1.2 got 0
        initiator: resume
          refused HeldByPeer
        acceptor: hears #5
          Suspending -> Suspended
          #6 Declare 1.2 suspended Suspended ack 1.2 got 0
        initiator: hears #6
          Suspending -> Suspended
          ignored: nothing new
        acceptor: resume
          Suspended -> Activating
          #7 Declare 1.3 up Activating ack 1.2 got 0
        initiator: hears #7
          Suspended -> Activating
          #8 Declare 1.3 up Activating ack 1.3 got 0
        acceptor: hears #8
          Activating -> Activated
          #9 Declare 1.3 up Activated ack 1.3 got 0
        initiator: hears #9
          Activating -> Activated
          ignored: nothing new
        acceptor: resume
          refused IncorrectStatus It is Activated.
    """)


TWO_HOLDS = """
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
        initiator: suspend
          Activated -> Suspending
          #4 Declare 1.2 suspended Suspending ack 1.1 got 0
        acceptor: suspend
          Activated -> Suspending
          #5 Declare 1.2 suspended Suspending ack 1.1 got 0
        initiator: hears #5
          #6 Declare 1.3 suspended Suspending ack 1.2 got 0
        acceptor: hears #4
          #7 Declare 1.3 suspended Suspending ack 1.2 got 0
        acceptor: hears #6
          #8 Declare 1.3 suspended Suspending ack 1.3 got 0
        initiator: hears #7
          #9 Declare 1.3 suspended Suspending ack 1.3 got 0
        acceptor: hears #9
          Suspending -> Suspended
          #10 Declare 1.3 suspended Suspended ack 1.3 got 0
        initiator: suspend
          refused IncorrectStatus It is Suspending. This end suspended it already.
        initiator: resume
          #11 Declare 1.4 up Suspending ack 1.3 got 0
        acceptor: hears #11
          Suspended -> Suspending
          #12 Declare 1.4 suspended Suspending ack 1.4 got 0
        initiator: hears #12
          Suspending -> Suspended
          #13 Declare 1.4 up Suspended ack 1.4 got 0
        acceptor: hears #13
          Suspending -> Suspended
          ignored: nothing new
        initiator: resume
          refused HeldByPeer
        acceptor: resume
          Suspended -> Activating
          #14 Declare 1.5 up Activating ack 1.4 got 0
        initiator: hears #14
          Suspended -> Activating
          #15 Declare 1.5 up Activating ack 1.5 got 0
        acceptor: hears #15
          Activating -> Activated
          #16 Declare 1.5 up Activated ack 1.5 got 0
        initiator: hears #16
          Activating -> Activated
          ignored: nothing new
    """


def test_two_holds_are_lifted_one_by_one() -> None:
    play(TWO_HOLDS)


def test_an_older_declaration_after_a_newer_one_changes_nothing() -> None:
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
        initiator: suspend
          Activated -> Suspending
          #4 Declare 1.2 suspended Suspending ack 1.1 got 0
        initiator: resume
          Suspending -> Activating
          #5 Declare 1.3 up Activating ack 1.1 got 0
        acceptor: hears #5
          #6 Declare 1.1 up Activated ack 1.3 got 0
        acceptor: hears #4
          #7 Declare 1.1 up Activated ack 1.3 got 0
        initiator: hears #7
          Activating -> Activated
          ignored: nothing new
    """)
