"""Tests of the timers' heap: superseded entries neither fire nor pile up."""

from __future__ import annotations

from random import Random

import pytest

from shared.protocol.words import Timer
from shared.runtime.retransmission import RetransmissionPolicy
from shared.runtime.timers import Expired, Timers

EVEN = RetransmissionPolicy(jitter=0.0)
RESEND, CONNECT = Timer.RESEND, Timer.CONNECT


def chance() -> Random:
    return Random(1)  # noqa: S311 - the same pauses each time


def timers() -> Timers:
    return Timers(EVEN, chance())


def test_pauses_grow_to_their_limit() -> None:
    pauses = [EVEN.pause(0.5, attempt, chance()) for attempt in range(8)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]
    assert EVEN.pause(0.5, 10_000, chance()) == 8.0


def test_pauses_are_spread_by_a_quarter_at_most() -> None:
    dice = chance()
    pauses = [RetransmissionPolicy().pause(0.5, 1, dice) for _ in range(1000)]
    assert 0.75 <= min(pauses) < 0.8
    assert 1.2 < max(pauses) <= 1.25


def test_a_timer_fires_once_and_not_before_its_time() -> None:
    waiting = timers()
    waiting.update("ri-a", "vpc-b", {RESEND}, 10.0, progress=True)
    assert waiting.next_due() == 10.5
    assert waiting.due(10.49, 9) == []
    assert waiting.due(10.5, 9) == [Expired("ri-a", RESEND, 0)]
    assert waiting.due(99.0, 9) == []
    assert waiting.next_due() is None


def test_what_is_not_wanted_any_more_does_not_fire() -> None:
    waiting = timers()
    waiting.update("ri-a", "vpc-b", {RESEND, CONNECT}, 0.0, progress=True)
    waiting.update("ri-a", "vpc-b", {CONNECT}, 0.1, progress=True)
    assert waiting.due(50.0, 9) == []
    assert waiting.next_due() == 120.0
    waiting.update("ri-a", "vpc-b", (), 0.2, progress=True)
    assert (len(waiting), waiting.next_due()) == (0, None)


def test_attempts_without_progress_are_counted_and_progress_begins_anew() -> None:
    waiting, now = timers(), 0.0
    waiting.update("ri-a", "vpc-b", {RESEND}, now, progress=True)
    moments: list[float] = []
    for attempt in range(3):
        now = waiting.next_due() or 0.0
        moments.append(now)
        assert waiting.due(now, 9) == [Expired("ri-a", RESEND, attempt)]
        waiting.update("ri-a", "vpc-b", {RESEND}, now, progress=False)
    assert moments == [0.5, 1.5, 3.5]
    waiting.update("ri-a", "vpc-b", {RESEND}, 4.0, progress=True)
    assert waiting.next_due() == 8.0, "the pause stays as long as it has grown until something said once is answered"
    assert waiting.due(8.0, 9) == [Expired("ri-a", RESEND, 0)]


def test_hearing_nothing_new_does_not_put_off_what_is_due() -> None:
    waiting = timers()
    waiting.update("ri-a", "vpc-b", {RESEND, CONNECT}, 0.0, progress=True)
    for now in (0.1, 0.2, 0.3):
        waiting.update("ri-a", "vpc-b", {RESEND, CONNECT}, now, progress=False)
    assert waiting.next_due() == 0.5


def test_progress_does_not_put_off_the_end_of_the_opening() -> None:
    waiting = timers()
    waiting.update("ri-a", "vpc-b", {CONNECT}, 0.0, progress=True)
    waiting.update("ri-a", "vpc-b", {CONNECT}, 100.0, progress=True)
    assert waiting.due(120.0, 9) == [Expired("ri-a", CONNECT, 0)]


def test_the_oldest_come_first_and_no_more_than_asked_for() -> None:
    waiting = timers()
    for number in range(5):
        waiting.schedule(f"ri-{number}", RESEND, 10.0 - number)
    assert [ripe.interface for ripe in waiting.due(20.0, 3)] == ["ri-4", "ri-3", "ri-2"]
    assert [ripe.interface for ripe in waiting.due(20.0, 3)] == ["ri-1", "ri-0"]


@pytest.mark.parametrize("changes", [10_000])
def test_changes_of_mind_do_not_pile_up(changes: int) -> None:
    waiting = timers()
    for number in range(changes):
        waiting.update("ri-a", "vpc-b", {RESEND}, number * 0.001, progress=True)
        waiting.learn(number * 0.001)
    assert len(waiting) == 1
    assert len(waiting._heap) <= 1_005
    assert waiting.due(changes, 9) == [Expired("ri-a", RESEND, 0)]
