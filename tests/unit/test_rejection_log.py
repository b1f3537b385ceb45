"""Tests of the log of rejected deliveries: a limit for each sender and kind of reason, and a sum of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from shared.runtime.rejection_log import LIMIT_LINES, RejectionLog
from tests.waiting import wait_for

LONG_SECONDS = 3_600.0


@pytest.fixture
def said() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def warned(said: list[Any]) -> list[tuple[str, str]]:
    return [(line["queue"], line["event"]) for line in said if line["log_level"] == "warning"]


async def test_each_sender_and_kind_of_reason_has_lines_of_its_own(said: list[Any]) -> None:
    log = RejectionLog(structlog.get_logger(), LONG_SECONDS)
    for number in range(LIMIT_LINES + 5):
        log.set_aside("from-mallory", f"Invalid JSON: at column {number}")
        log.set_aside("from-mallory", "unknown type of message")
    log.set_aside("from-carol", "Invalid JSON: at column 1")
    assert len(warned(said)) == 2 * LIMIT_LINES + 1
    assert ("from-carol", "set aside") in warned(said)
    assert len(said) == 2 * (LIMIT_LINES + 5) + 1, "at debug each has its line"
    log.close()
    sums = said[-2:]
    assert [(one["event"], one["queue"], one["more"]) for one in sums] == [("5 more set aside", "from-mallory", 5)] * 2
    assert {one["code"] for one in sums} == {"NotJson", "UnknownType"}
    log.close()
    assert said[-2:] == sums, "a sum is told once"


async def test_the_sum_comes_when_the_time_is_over_and_lines_begin_anew(said: list[Any]) -> None:
    log = RejectionLog(structlog.get_logger(), 0.01)
    for _ in range(LIMIT_LINES + 2):
        log.set_aside("from-mallory", "Invalid JSON: nothing")
    await wait_for(lambda: warned(said), 60, until=lambda seen: seen[-1] == ("from-mallory", "2 more set aside"))
    log.set_aside("from-mallory", "Invalid JSON: nothing")
    assert warned(said)[-1] == ("from-mallory", "set aside")


async def test_one_that_nobody_took_is_told_as_an_error_of_its_own(said: list[Any]) -> None:
    log = RejectionLog(structlog.get_logger(), LONG_SECONDS)
    log.set_aside("from-mallory", "Invalid JSON: nothing")
    log.lost("from-mallory", "Invalid JSON: nothing")
    assert [line["event"] for line in said] == ["set aside", "could not be set aside"]
