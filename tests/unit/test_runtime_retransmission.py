"""Tests of the retransmission timeout under load."""

from __future__ import annotations

from random import Random

import pytest

from shared.protocol.words import Timer
from shared.runtime.retransmission import PROBES_LIMIT, RetransmissionPolicy, RetransmissionTimeouts
from shared.runtime.timers import Expired, Timers

BOB, EVE = "vpc-b", "vpc-e"
RESEND = {Timer.RESEND}


def timers() -> Timers:
    return Timers(RetransmissionPolicy(jitter=0.0), Random(1))  # noqa: S311 - the same pauses each time


def test_before_anything_was_answered_the_least_pause_counts() -> None:
    assert RetransmissionTimeouts(0.5, 8.0).timeout(BOB) == 0.5


def test_the_pause_follows_how_long_answers_take_and_falls_again() -> None:
    timeouts = RetransmissionTimeouts(0.5, 8.0)
    timeouts.measure(BOB, 0.0, 0.0, 1.0)
    assert timeouts.timeout(BOB) == 3.0, "RFC 6298 (2.2): R + 4 * R / 2"
    for number in range(1, 100):
        timeouts.measure(BOB, number, number, number + 1.0)
    assert 1.0 <= timeouts.timeout(BOB) < 1.01
    for number in range(100, 200):
        timeouts.measure(BOB, number, number, number + 0.001)
    assert timeouts.timeout(BOB) == 0.5


def test_the_pause_is_never_longer_than_its_limit_and_each_peer_has_its_own() -> None:
    timeouts = RetransmissionTimeouts(0.5, 8.0)
    timeouts.measure(BOB, 0.0, 0.0, 100.0)
    assert timeouts.timeout(BOB) == 8.0
    assert timeouts.timeout(EVE) == 0.5


def test_what_was_overtaken_is_late_sooner_than_what_waits_its_turn() -> None:
    timeouts = RetransmissionTimeouts(0.5, 8.0)
    timeouts.measure(BOB, 10.0, 12.0, 12.1)
    pause = timeouts.timeout(BOB)
    assert timeouts.not_before(BOB, 11.0, 11.1) == 11.0 + pause
    assert timeouts.not_before(BOB, 12.05, 12.06) == 12.1 + pause


def test_nothing_is_repeated_while_a_peer_works_off_what_was_said_before() -> None:
    """A thousand a second are said, a hundred a second are answered: nobody is overtaken, so nobody is late."""
    waiting = timers()
    for number in range(1_000):
        waiting.update(f"ri-{number}", BOB, RESEND, number / 1_000, progress=True)
    for number in range(1_000):
        now = number / 1_000 + 0.01 * number
        waiting.update(f"ri-{number}", BOB, (), now, progress=True)
        waiting.learn(now)
        assert waiting.due(now, 1_000) == []


def test_a_lost_word_is_repeated_when_a_later_one_was_answered() -> None:
    waiting = timers()
    waiting.update("ri-lost", BOB, RESEND, 0.0, progress=True)
    waiting.update("ri-later", BOB, RESEND, 0.1, progress=True)
    waiting.update("ri-later", BOB, (), 0.2, progress=True)
    waiting.learn(0.2)
    assert waiting.due(0.49, 9) == []
    assert waiting.due(0.5, 9) == [Expired("ri-lost", Timer.RESEND, 0)]


def test_a_peer_that_falls_silent_is_asked_again_within_the_pause() -> None:
    waiting = timers()
    waiting.update("ri-1", BOB, RESEND, 0.0, progress=True)
    waiting.update("ri-2", BOB, RESEND, 0.1, progress=True)
    waiting.update("ri-1", BOB, (), 0.3, progress=True)
    waiting.learn(0.3)
    moment = waiting.next_due()
    assert moment is not None
    assert waiting.due(moment, 9) == []
    assert waiting.next_due() == pytest.approx(0.3 + 0.9)
    assert waiting.due(1.3, 9) == [Expired("ri-2", Timer.RESEND, 0)]


def test_an_answer_to_something_said_twice_is_no_measure() -> None:
    """Karn's rule (RFC 6298 section 3): nobody knows which of the two was answered."""
    waiting = timers()
    waiting.update("ri-a", BOB, RESEND, 0.0, progress=True)
    assert waiting.due(0.5, 9)
    waiting.update("ri-a", BOB, RESEND, 0.5, progress=False)
    waiting.update("ri-a", BOB, (), 60.0, progress=True)
    waiting.learn(60.0)
    waiting.update("ri-b", BOB, RESEND, 60.0, progress=True)
    assert waiting.next_due() == 61.0, "twice the pause that was too short, and nothing of the sixty seconds"


def test_a_peer_slower_than_its_pause_is_measured_once_the_pause_has_grown() -> None:
    """RFC 6298 (5.5) to (5.7): what is said next waits for the pause that has grown, and in the end is said once."""
    waiting, repeated = timers(), 0
    for at in (0.0, 10.0, 20.0, 30.0, 40.0):
        waiting.update("ri-a", BOB, RESEND, at, progress=True)
        while (due := waiting.next_due()) is not None and due < at + 1.8:
            if waiting.due(due, 9):
                repeated += 1
                waiting.update("ri-a", BOB, RESEND, due, progress=False)
        waiting.update("ri-a", BOB, (), at + 1.8, progress=True)
        waiting.learn(at + 1.8)
    assert repeated == 2, "at 0.5 and at 1.5; from then on the pause is long enough"


def test_a_pause_that_has_grown_in_vain_falls_with_the_next_measure() -> None:
    timeouts = RetransmissionTimeouts(0.5, 8.0)
    assert timeouts.not_before(BOB, 0.0, 0.5) == 0.5
    assert (timeouts.timeout(BOB), timeouts.first_pause(BOB)) == (0.5, 1.0)
    timeouts.measure(BOB, 1.0, 1.0, 1.01)
    assert timeouts.first_pause(BOB) == 0.5


def in_vain(waiting: Timers, words: int, *moments: float) -> list[int]:
    for number in range(words):
        waiting.update(f"ri-{number}", BOB, RESEND, 0.0, progress=True)
    return [len(waiting.due(now, 1_000)) for now in moments]


def test_a_silent_peer_is_asked_with_a_few_words_after_growing_pauses() -> None:
    assert in_vain(timers(), 100, 0.5, 0.9, 1.0, 1.9, 2.0) == [PROBES_LIMIT, 0, PROBES_LIMIT, 0, PROBES_LIMIT]


def test_after_a_silence_that_is_long_everything_is_said_again() -> None:
    assert in_vain(timers(), 100, 0.5, 7.9, 8.0) == [PROBES_LIMIT, PROBES_LIMIT, 100 - 2 * PROBES_LIMIT]


def test_after_a_restart_everything_is_said_again_at_once() -> None:
    waiting = timers()
    for number in range(100):
        waiting.schedule(f"ri-{number}", Timer.RESEND, 0.0)
    assert len(waiting.due(0.0, 1_000)) == 100
