"""Tests of what a trace tells of messages that were struck on purpose, and of lost ones that looked as if arrived."""

from __future__ import annotations

from typing import Any

from console.trace.matching import conversation
from console.trace.merging import merge
from console.trace.mermaid import mermaid
from console.trace.model import Fate
from console.trace.strikes import Strike
from console.trace.svg import svg
from console.trace.wording import full
from shared.wire.views import TimelineRow
from tests.unit.trace_rows import ANSWER, CONFIRM, INITIATE, record, rows


def strike(at: float, label: str = CONFIRM, **fields: Any) -> Strike:  # noqa: ANN401 - any field
    plain = {"fault": 3, "do": "hold", "source": "ri-a", "target": "ri-b", "passed_at": None, "dropped": False}
    return Strike.model_validate({**plain, "at": at, "label": label, **fields})


def opener(*confirmed: float) -> list[TimelineRow]:
    """An initiator that says its third message at these times, each in answer to a repetition of the acceptor's."""
    return rows(
        (0.0, "", "Idle", "command create", []),
        (1.0, "Idle", "Connecting", "command initiate", [INITIATE]),
        (confirmed[0], "Connecting", "Activated", f"heard {ANSWER}", [CONFIRM]),
        *((at, "Activated", "Activated", f"heard {ANSWER}", [CONFIRM]) for at in confirmed[1:]),
    )


def accepter(*asked: float, heard: float | None = None) -> list[TimelineRow]:
    """An acceptor that asks again at these times, until it hears the third message."""
    last: list[tuple[float, str, str, str, list[str]]] = []
    if heard is not None:
        last.append((heard, "Accepting", "Activated", f"heard {CONFIRM}", []))
    return rows(
        (0.5, "", "Idle", "command create", []),
        (1.01, "Idle", "Accepting", f"heard {INITIATE}", [ANSWER]),
        *((at, "Accepting", "Accepting", "timer resend", [ANSWER]) for at in asked),
        *last,
    )


def thirds(first: list[TimelineRow], second: list[TimelineRow], *strikes: Strike) -> list[tuple[float | None, Fate]]:
    """When each third message was said, and what became of it."""
    messages = conversation(first, second, (strikes, ()))
    return [(one.said_at, one.fate) for one in messages if one.label == CONFIRM]


def test_a_third_message_that_was_lost_is_not_told_as_arriving_and_changing_nothing() -> None:
    first, second = opener(1.02, 1.52, 2.52), accepter(1.5, 2.5, heard=2.53)
    assert thirds(first, second) == [(1.02, Fate.LOST), (1.52, Fate.LOST), (2.52, Fate.ARRIVED)]


def test_of_two_that_were_under_way_together_neither_is_called_lost() -> None:
    first, second = opener(1.02, 1.03), accepter(heard=1.05)
    assert thirds(first, second) == [(1.02, Fate.UNNOTED), (1.03, Fate.ARRIVED)]


def test_what_arrived_and_was_repeated_later_is_not_called_lost() -> None:
    first, second = opener(1.02, 1.52), accepter(1.5, heard=1.03)
    assert thirds(first, second) == [(1.02, Fate.ARRIVED), (1.52, Fate.UNNOTED)]


def test_a_held_message_stands_half_way_and_a_dropped_one_is_lost() -> None:
    first, second = opener(1.02, 1.52, 2.52), accepter(1.5, 2.5)
    strikes = strike(1.025), strike(1.525, do="drop", dropped=True)
    assert thirds(first, second, *strikes) == [(1.02, Fate.HELD), (1.52, Fate.LOST), (2.52, Fate.UNNOTED)]


def test_a_late_message_is_the_one_that_arrives_late() -> None:
    first, second = opener(1.02, 1.52), accepter(1.5, heard=4.01)
    (one, other) = [
        one
        for one in conversation(first, second, ([strike(1.025, passed_at=4.0), strike(1.525)], ()))
        if one.label == CONFIRM
    ]
    assert (one.said_at, one.fate, [heard.at for heard in one.heard]) == (1.02, Fate.ARRIVED, [4.01])
    assert one.on_purpose == "let go after 3.0 s (hold) by fault 3, on purpose"
    assert (other.fate, other.heard) == (Fate.HELD, [])


def test_a_strike_belongs_to_the_message_that_had_just_been_said_and_to_no_other_interface() -> None:
    first, second = opener(1.02, 1.52), accepter(1.5, heard=1.53)
    assert thirds(first, second, strike(9.0)) == thirds(first, second)
    trace = merge(record("ri-a", first), record("ri-b", second), strikes=[strike(1.025, source="ri-other")])
    assert [one.on_purpose for one in trace.told] == [None] * len(trace.told)


def test_the_drawings_say_what_was_done() -> None:
    first, second = opener(1.02, 1.52), accepter(1.5)
    strikes = [strike(1.025), strike(1.525, do="drop", dropped=True)]
    trace = merge(record("ri-a", first), record("ri-b", second, "acceptor"), strikes=strikes)
    drawn = svg(trace)
    assert 'class="told held"' in drawn
    assert 'class="stop"' in drawn
    assert "dropped by fault 3, on purpose" in drawn
    assert "it stands half-way\nheld half-way by fault 3, on purpose" in full(trace.told[2], trace, 0.0)
    assert "dropped by fault 3, on purpose" in mermaid(trace)
