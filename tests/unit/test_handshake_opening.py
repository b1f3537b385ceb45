"""The one thing in which the ends differ is who asks, who answers, and how often: here is all of it."""

from __future__ import annotations

from lab.explore.state import STRANGER
from shared.protocol.words import Status
from tests.unit.transcripts import play


def test_the_initiator_initiates_and_the_connection_is_established() -> None:
    initiator, acceptor = play("""
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
    """)
    assert (initiator.status, acceptor.status) == (Status.ACTIVATED, Status.ACTIVATED)
    assert initiator.charged
    assert not acceptor.charged


def test_the_acceptor_alone_cannot_start() -> None:
    play("""
        acceptor: initiate
          refused NotInitiator
    """)


def test_peer_information_comes_first() -> None:
    play(
        """
        initiator: initiate
          refused PeerNotConfigured
        initiator: configure
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        initiator: initiate
          refused IncorrectStatus It is Connecting.
        initiator: configure
          refused IncorrectStatus It is Connecting. Peer information can be set only while it is Idle.
        """,
        configured=(False, True),
    )


def test_the_acceptors_owner_configures_late_and_it_comes_up_by_itself() -> None:
    play(
        """
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          #2 NotReady - answers 1.1 PeerNotConfigured
          ignored: the sender is not the configured peer
        initiator: hears #2
        initiator: hears #2
        initiator: resend
          #3 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: configure
        acceptor: hears #3
          Idle -> Accepting
          #4 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #4
          Connecting -> Activated
          #5 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #5
          Accepting -> Activated
          ignored: nothing new
        """,
        configured=(True, False),
    )


def test_a_lost_answer_is_asked_for_again() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: resend
          #3 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #3
          #4 Declare 1.1 up Accepting ack 1.1 got 0
        acceptor: resend
          #5 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #5
          Connecting -> Activated
          #6 Declare 1.1 up Activated ack 1.1 got 0
        initiator: resend
          ignored: the timer no longer matters
        acceptor: resend
          #7 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #7
          #8 Declare 1.1 up Activated ack 1.1 got 0
        acceptor: hears #8
          Accepting -> Activated
          ignored: nothing new
    """)


def test_the_initiator_gives_up_and_tries_again() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        initiator: waited
          Connecting -> Idle
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          #3 NotReady 2 answers 1.1 NotInitiated
        acceptor: hears #3
          Accepting -> Idle
        initiator: initiate
          Idle -> Connecting
          #4 Initiate 2.2 up Connecting ack -.0 got 0
        acceptor: hears #4
          Idle -> Accepting
          #5 Declare 1.2 up Accepting ack 2.2 got 0
        initiator: hears #5
          Connecting -> Activated
          #6 Declare 2.2 up Activated ack 1.2 got 0
        acceptor: hears #6
          Accepting -> Activated
          ignored: nothing new
        initiator: waited
          ignored: the timer no longer matters
        initiator: resend
          ignored: the timer no longer matters
    """)


def test_a_late_initiate_of_an_epoch_that_was_given_up_opens_nothing() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        initiator: waited
          Connecting -> Idle
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          #3 NotReady 2 answers 1.1 NotInitiated
        acceptor: hears #3
          Accepting -> Idle
        acceptor: hears #1
          #4 NotReady 1 answers 2.0 NotOpened
        initiator: hears #4
          ignored: this end has not opened
    """)


def test_an_initiator_that_forgot_its_later_epoch_learns_of_it_from_an_idle_acceptor() -> None:
    play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        initiator: waited
          Connecting -> Idle
        acceptor: hears #1
          Idle -> Accepting
          #2 Declare 1.1 up Accepting ack 1.1 got 0
        initiator: hears #2
          #3 NotReady 2 answers 1.1 NotInitiated
        acceptor: hears #3
          Accepting -> Idle
        initiator: loses its store
        initiator: initiate
          Idle -> Connecting
          #4 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #4
          #5 NotReady 1 answers 2.0 NotOpened
        initiator: hears #5
          #6 Initiate 3.1 up Connecting ack -.0 got 0
        acceptor: hears #6
          Idle -> Accepting
          #7 Declare 1.3 up Accepting ack 3.1 got 0
        initiator: hears #7
          Connecting -> Activated
          #8 Declare 3.1 up Activated ack 1.3 got 0
        acceptor: hears #8
          Accepting -> Activated
          ignored: nothing new
    """)


def test_a_stranger_learns_nothing_that_it_did_not_say() -> None:
    initiator, acceptor = play("""
        initiator: initiate
          Idle -> Connecting
          #1 Initiate 1.1 up Connecting ack -.0 got 0
        acceptor: hears #1 from mallory
          #2 NotReady - answers 1.1 PeerNotConfigured to mallory
          ignored: the sender is not the configured peer
        acceptor: hears #1 from mallory
          #3 NotReady - answers 1.1 PeerNotConfigured to mallory
          ignored: the sender is not the configured peer
        acceptor: hears #2 from mallory
          ignored: the sender is not the configured peer
        acceptor: hears #1
          Idle -> Accepting
          #4 Declare 1.1 up Accepting ack 1.1 got 0
        acceptor: hears #1 from mallory
          #5 NotReady - answers 1.1 PeerNotConfigured to mallory
          ignored: the sender is not the configured peer
    """)
    assert initiator.caller is None
    assert acceptor.caller == STRANGER


def test_nothing_is_asked_of_an_idle_end() -> None:
    play("""
        initiator: suspend
          refused IncorrectStatus It is Idle.
        initiator: resume
          refused IncorrectStatus It is Idle.
        initiator: send one
          refused NotActivated It is Idle.
        initiator: waited
          ignored: the timer no longer matters
        initiator: resend
          ignored: this end has not opened
        initiator: restate
          ignored: this end has not opened
        acceptor: configure
    """)
