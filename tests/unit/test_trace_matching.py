"""Tests of the matching: each fate of a message, with what could be mistaken for it."""

import pytest

from console.client.history import Part
from console.trace.matching import clock_shift, conversation, pair, wants_answer
from console.trace.merging import bands, disagreements, merge
from console.trace.model import Fate, Message
from shared.runtime.batch import REPEATS_NOTED
from shared.wire.views import TimelineRow
from tests.unit.trace_rows import ANSWER, ANSWERING, CONFIRM, INITIATE, NOT_READY, OPENING, record, rows


def saying(*times: float, label: str = INITIATE) -> list[TimelineRow]:
    return rows(*((at, "Connecting", "Connecting", "timer resend", [label]) for at in times))


def hearing(*times: float, label: str = INITIATE) -> list[TimelineRow]:
    return rows((0.0, "", "Idle", "command create", []), *((at, "Idle", "Idle", f"heard {label}", []) for at in times))


def by_first(messages: list[Message]) -> list[tuple[float | None, list[float], Fate, bool]]:
    return [(one.said_at, [heard.at for heard in one.heard], one.fate, one.repeated) for one in messages if one.by == 0]


def test_the_opening_is_told_message_by_message() -> None:
    messages = conversation(OPENING, ANSWERING)
    assert [(one.by, one.label, one.fate, one.repeated) for one in messages] == [
        (0, INITIATE, Fate.ARRIVED, False),
        (1, NOT_READY, Fate.UNNOTED, False),
        (0, INITIATE, Fate.ARRIVED, True),
        (1, ANSWER, Fate.ARRIVED, False),
        (0, CONFIRM, Fate.ARRIVED, False),
    ]
    assert [(heard.was, heard.status) for heard in messages[2].heard] == [("Idle", "Accepting")]


def test_what_was_overtaken_is_lost_and_the_last_word_is_under_way() -> None:
    messages = by_first(conversation(saying(1, 2, 3), hearing(2.1)))
    assert messages == [(1, [], Fate.LOST, False), (2, [2.1], Fate.ARRIVED, True), (3, [], Fate.UNDER_WAY, True)]


def test_what_waited_in_a_queue_arrived_and_was_not_lost() -> None:
    messages = by_first(conversation(saying(1, 2, 3), hearing(9, 9, 9)))
    assert [(said, heard) for said, heard, _, _ in messages] == [(1, [9]), (2, [9]), (3, [9])]


def test_what_was_heard_twice_was_doubled() -> None:
    messages = by_first(conversation(saying(1, 4), hearing(2, 3, 5)))
    assert messages == [(1, [2, 3], Fate.ARRIVED, False), (4, [5], Fate.ARRIVED, True)]


def test_repetitions_that_were_no_longer_noted_are_not_taken_for_doubled_ones() -> None:
    noted = [float(number) for number in range(REPEATS_NOTED + 1)]
    messages = conversation(saying(*noted), hearing(*(at + 0.1 for at in noted), 20.0, 30.0))
    assert all(len(one.heard) == 1 for one in messages)
    assert [one.heard[0].at for one in messages if one.said_at is None] == [20.0, 30.0]


def test_what_was_said_before_the_others_record_begins_is_not_called_lost() -> None:
    messages = conversation(
        saying(1, 5), rows((4, "", "Idle", "command create", []), (5.1, "", "", f"heard {INITIATE}", []))
    )
    assert [one.fate for one in messages] == [Fate.UNNOTED, Fate.ARRIVED]


def test_a_word_that_asks_for_nothing_is_never_called_lost() -> None:
    messages = conversation([*saying(1, label=CONFIRM), *saying(2)], hearing(2.1))
    assert [one.fate for one in messages] == [Fate.UNNOTED, Fate.ARRIVED]


@pytest.mark.parametrize(
    ("label", "wants"),
    [
        (INITIATE, True),
        (ANSWER, True),
        (CONFIRM, False),
        (NOT_READY, False),
        ("Data 1 in 1.1/1.1", True),
        ("Declare 1.2 suspended Suspended ack 1.2 got 0", False),
        ("Declare 1.2", False),
        ("", False),
    ],
)
def test_who_waits_for_an_answer(label: str, wants: bool) -> None:  # noqa: FBT001 - an example
    assert wants_answer(label) is wants


def test_of_the_declarations_of_one_batch_only_the_last_one_left() -> None:
    messages = conversation(
        rows(
            (1.0, "", "Activating", "timer resend", ["Data 1 in 1.1/1.1", ANSWER]),
            (1.0, "", "Activating", "said again", ["Data 2 in 1.1/1.1", CONFIRM]),
        ),
        hearing(),
    )
    assert [one.label for one in messages] == ["Data 1 in 1.1/1.1", "Data 2 in 1.1/1.1", CONFIRM]


def test_no_hearing_comes_before_its_saying() -> None:
    pairings = pair("x", [], hearing(1.0)[1:])
    assert [(one.said, len(one.heard)) for one in pairings] == [(None, 1)]


def test_a_clock_that_is_behind_is_set_right_before_anything_is_matched() -> None:
    late = [row.model_copy(update={"at": row.at - 0.8}) for row in ANSWERING]
    assert clock_shift(OPENING, ANSWERING) == 0
    assert clock_shift(OPENING, late) == pytest.approx(-0.8, abs=0.02)
    trace = merge(record("ri-a", OPENING), record("ri-b", late, "acceptor"))
    assert [one.fate for one in trace.told] == [one.fate for one in conversation(OPENING, ANSWERING)]
    assert trace.clock_shift_seconds == pytest.approx(-0.8, abs=0.02)


def test_bands_follow_each_other_and_the_last_is_open() -> None:
    shown = bands(OPENING)
    assert [(one.status, one.since, one.until) for one in shown] == [
        ("Idle", 0.0, 1.0),
        ("Connecting", 1.0, 1.52),
        ("Activated", 1.52, None),
    ]
    assert [one.status for one in bands(OPENING[2:])] == ["Connecting", "Activated"]
    assert bands([]) == []


def test_ends_disagree_while_what_they_show_does_not_go_together() -> None:
    found = disagreements(bands(OPENING), bands(ANSWERING))
    assert [(one.since, one.until, one.statuses) for one in found] == [
        (1.0, 1.51, ("Connecting", "Idle")),
        (1.52, 1.53, ("Activated", "Accepting")),
    ]
    lasting = disagreements(bands(OPENING), bands(ANSWERING[:3]))
    assert lasting[-1].until is None
    assert disagreements(bands(OPENING), []) == []


def test_neighbouring_stretches_of_disagreement_are_one() -> None:
    first = bands(rows((0, "", "Activated", "", []), (3, "Activated", "Suspending", "", [])))
    second = bands(
        rows(
            (0, "", "Activated", "", []), (1, "Activated", "Suspending", "", []), (2, "Suspending", "Suspended", "", [])
        )
    )
    assert [(one.since, one.until) for one in disagreements(first, second)] == [(1, None)]


def test_only_the_latest_part_can_be_told() -> None:
    whole = merge(record("ri-a", OPENING), record("ri-b", ANSWERING))
    part = merge(record("ri-a", OPENING), record("ri-b", ANSWERING), part=Part(last=3))
    assert sum(len(end.moments) for end in whole.ends) == 8
    assert sum(len(end.moments) for end in part.ends) == 3
    assert [one.label for one in part.told] == [ANSWER, CONFIRM]
    assert part.ends[0].bands[0].status == "Connecting"
