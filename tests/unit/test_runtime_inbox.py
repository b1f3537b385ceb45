"""Tests of the inbox's turns: who waits for whom, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from shared.broker.messages import Delivery
from shared.runtime.inbox import BATCH_LIMIT_BYTES, LARGEST_BATCH_BYTES, PEER_SHARE_BYTES, SUSPECT_DELIVERIES, Inbox


def delivered(queue: str, number: int, size: int = 10) -> Delivery:
    """Make a delivery of so many bytes."""
    return Delivery(queue, "x", "u", "t", b"x" * size, None, None, None, redelivered=False, tag=number, session=1)


def filled(**counts: int) -> Inbox:
    """Fill an inbox, one queue after the other."""
    inbox = Inbox()
    for queue, count in counts.items():
        for number in range(count):
            inbox.put(delivered(queue, number), 0.0)
    return inbox


def told(taken: list[Delivery]) -> str:
    return " ".join(f"{one.queue}{one.tag}" for one in taken)


def test_whoever_says_little_is_in_the_next_batch() -> None:
    inbox = filled(m=1000, c=2, d=1)
    assert told(inbox.take(6)) == "m0 c0 d0 m1 c1 m2"


def test_each_line_keeps_its_order_and_nothing_is_lost() -> None:
    inbox = filled(a=50, b=7, c=23)
    taken: list[Delivery] = []
    while inbox:
        taken += inbox.take(9)
    assert len(taken) == 80
    for queue in "abc":
        tags = [one.tag for one in taken if one.queue == queue]
        assert tags == sorted(tags)


def test_a_line_of_many_peers_has_more_of_a_batch_within_a_limit() -> None:
    inbox = Inbox()
    for number in range(LARGEST_BATCH_BYTES // 1_024 + 2):
        inbox.put(delivered("m", number, 1_024), 0.0)
    assert len(inbox.take(10_000, {"m": 5})) == BATCH_LIMIT_BYTES // 1_024
    assert len(inbox.take(10_000, {"m": 20})) == 20 * PEER_SHARE_BYTES // 1_024
    for number in range(LARGEST_BATCH_BYTES // 1_024 + 2):
        inbox.put(delivered("m", number, 1_024), 0.0)
    assert len(inbox.take(10_000, {"m": 10_000})) == LARGEST_BATCH_BYTES // 1_024


def test_a_line_of_few_peers_has_no_part_of_what_is_for_many() -> None:
    """Else a stranger's flood would make all who come next wait for as much as hundreds of peers may say at once."""
    inbox = Inbox()
    for number in range(1_000):
        inbox.put(delivered("flood", number, 1_024), 0.0)
        inbox.put(delivered("many", number, 1_024), 0.0)
    taken = Counter(one.queue for one in inbox.take(10_000, {"flood": 1, "many": 100}))
    assert taken == {"flood": BATCH_LIMIT_BYTES // 1_024, "many": (100 * PEER_SHARE_BYTES - BATCH_LIMIT_BYTES) // 1_024}
    assert told(inbox.take(2, {"flood": 1, "many": 100})) == f"many{taken['many']} flood{taken['flood']}"


def test_the_turn_goes_on_where_the_last_batch_ended() -> None:
    inbox = filled(a=5, b=5, c=5)
    assert told(inbox.take(2)) == "a0 b0"
    assert told(inbox.take(2)) == "c0 a1"


def test_a_batch_is_bounded_in_bytes_but_never_empty() -> None:
    inbox = Inbox()
    for number in range(4):
        inbox.put(delivered("m", number, BATCH_LIMIT_BYTES * 2 // 3), 0.0)
    inbox.put(delivered("c", 0), 0.0)
    assert told(inbox.take(100)) == "m0 c0 m1"
    inbox.put(delivered("huge", 0, BATCH_LIMIT_BYTES * 2), 0.0)
    assert told(inbox.take(100)) == "m2 huge0"
    assert told(inbox.take(100)) == "m3"
    assert not inbox
    assert inbox.take(100) == []


def test_what_is_put_back_comes_first_in_its_line() -> None:
    inbox = filled(a=3, b=2)
    taken = inbox.take(4)
    assert told(taken) == "a0 b0 a1 b1"
    inbox.put_back(taken, 0.0)
    again: list[Delivery] = []
    while inbox:
        again += inbox.take(3)
    assert [one.tag for one in again if one.queue == "a"] == [0, 1, 2]
    assert [one.tag for one in again if one.queue == "b"] == [0, 1]


def test_what_came_in_a_session_that_is_over_is_dropped_and_the_rest_keeps_its_turn() -> None:
    inbox = filled(a=2, b=1)
    late = replace(delivered("a", 7), session=2)
    inbox.put(late, 0.0)
    inbox.put(replace(delivered("c", 8), session=3), 0.0)
    inbox.keep({2, 3})
    assert told(inbox.take(9)) == "a7 c8"
    inbox.put(late, 0.0)
    assert told(inbox.take(9)) == "a7"
    inbox.put(late, 0.0)
    inbox.keep(())
    assert not inbox
    assert inbox.oldest(9.0) is None


def test_timers_wait_for_what_is_here_but_not_for_a_flood() -> None:
    inbox = Inbox()
    assert inbox.oldest(5.0) is None
    inbox.put(delivered("a", 0), 4.9)
    inbox.put(delivered("b", 0), 4.8)
    assert inbox.oldest(5.0) == 4.8
    assert inbox.oldest(60.0) == 59.5


def suspects(inbox: Inbox, count: int, in_vain: int) -> Inbox:
    """Add deliveries that were made in vain before."""
    for number in range(count):
        inbox.put(replace(delivered("s", number), in_vain=in_vain), 1.0)
    return inbox


def test_what_was_delivered_in_vain_once_or_twice_is_taken_like_all_else() -> None:
    assert told(suspects(filled(a=1), 2, SUSPECT_DELIVERIES - 1).take(9)) == "a0 s0 s1"


def test_suspects_are_taken_alone_and_hold_up_nobody() -> None:
    inbox = suspects(filled(a=4), 3, SUSPECT_DELIVERIES)
    assert inbox.oldest(1.2) == 0.7
    assert [told(inbox.take(2)) for _ in range(5)] == ["s2", "a0 a1", "s1", "a2 a3", "s0"]
    assert not inbox


def test_suspects_are_taken_in_another_order_each_time() -> None:
    assert told(suspects(Inbox(), 3, SUSPECT_DELIVERIES).take(9)) == "s2"
    assert told(suspects(Inbox(), 3, SUSPECT_DELIVERIES + 1).take(9)) == "s0"
    later = {told(suspects(Inbox(), 3, SUSPECT_DELIVERIES + 2).take(9)) for _ in range(200)}
    assert later == {"s0", "s1", "s2"}


def test_a_suspect_that_is_put_back_stays_one_and_is_dropped_with_its_session() -> None:
    inbox = suspects(filled(a=1), 1, SUSPECT_DELIVERIES)
    inbox.put_back(inbox.take(9), 2.0)
    assert [told(inbox.take(9)), told(inbox.take(9))] == ["a0", "s0"]
    inbox = suspects(Inbox(), 1, SUSPECT_DELIVERIES)
    inbox.keep({2})
    assert not inbox
