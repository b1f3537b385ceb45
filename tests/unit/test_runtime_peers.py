"""Tests of keepalives and hold time: silence is noticed, and noise is not believed."""

from __future__ import annotations

from shared.runtime.peers import PeerId, Peers

BOB, EVE = PeerId("vpc-b", "bob"), PeerId("vpc-b", "eve")


def peers() -> Peers:
    return Peers(keepalive_seconds=10.0, hold_seconds=35.0)


def test_a_peer_that_nobody_is_connected_to_is_not_watched() -> None:
    watched = peers()
    assert watched.record_heartbeat(BOB, 1, 0.0) is False
    assert (watched.known, watched.reachable(BOB, 1.0), watched.silent_for(BOB, 1.0)) == ({}, None, None)
    assert watched.next_keepalive() is None


def test_it_is_too_early_to_say_until_the_hold_time_is_over() -> None:
    watched = peers()
    watched.track(BOB, 100.0)
    assert watched.reachable(BOB, 135.0) is None
    assert watched.reachable(BOB, 135.1) is False
    watched.record_heartbeat(BOB, 1, 140.0)
    assert watched.reachable(BOB, 175.0) is True
    assert watched.reachable(BOB, 175.1) is False
    assert watched.silent_for(BOB, 150.0) == 10.0


def test_meeting_a_peer_again_forgets_nothing() -> None:
    watched = peers()
    watched.track(BOB, 0.0)
    watched.record_heartbeat(BOB, 1, 5.0)
    assert watched.track(BOB, 30.0).last_heard == 5.0
    assert watched.reachable(BOB, 41.0) is False


def test_a_change_is_told_once_and_being_reachable_at_first_is_no_change() -> None:
    watched = peers()
    watched.track(BOB, 0.0)
    watched.record_heartbeat(BOB, 1, 1.0)
    assert watched.changes(2.0) == []
    assert watched.changes(40.0) == [(BOB, False)]
    assert watched.changes(41.0) == []
    watched.record_heartbeat(BOB, 1, 42.0)
    assert watched.changes(42.0) == [(BOB, True)]


def test_a_peer_that_was_never_heard_of_is_told_to_be_unreachable() -> None:
    watched = peers()
    watched.track(BOB, 0.0)
    assert watched.changes(36.0) == [(BOB, False)]


def test_a_peer_is_greeted_when_nothing_was_said_to_it_for_a_while() -> None:
    watched = peers()
    watched.track(BOB, 0.0).last_sent = 0.0
    assert watched.keepalives_due(9.9) == []
    assert watched.keepalives_due(10.0) == [BOB]
    assert watched.next_keepalive() == 10.0


def test_another_store_of_the_peers_is_noticed_but_believed_once_an_interval() -> None:
    watched = peers()
    watched.track(BOB, 0.0)
    assert watched.record_heartbeat(BOB, 1, 0.0) is False
    assert watched.record_heartbeat(BOB, 2, 1.0) is True
    assert watched.record_heartbeat(BOB, 2, 2.0) is False
    assert watched.record_heartbeat(BOB, 3, 3.0) is False
    assert watched.record_heartbeat(BOB, 3, 11.0) is True


def test_two_accounts_that_claim_the_same_endpoint_are_two_peers() -> None:
    watched = peers()
    watched.track(BOB, 0.0)
    watched.record_heartbeat(BOB, 1, 0.0)
    assert watched.record_heartbeat(EVE, 2, 30.0) is False
    assert watched.reachable(BOB, 36.0) is False
