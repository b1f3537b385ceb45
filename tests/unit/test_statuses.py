"""Tests of the places that have to know each status: colours, the cloud's API, the architecture's table."""

from __future__ import annotations

from pathlib import Path

from console.statuses import COLOURS
from console.web.cloud.tables import SETTLED, SHOWN
from shared.protocol.words import Status

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_each_status_has_a_colour_and_a_name_in_the_clouds_api() -> None:
    assert list(COLOURS) == list(Status)
    assert list(SHOWN) == list(Status)
    assert len(set(SHOWN.values())) == len(Status)


def test_an_interface_can_be_changed_in_the_clouds_api_at_rest() -> None:
    assert {"Idle", "Active", "Inactive"} == SETTLED


def test_the_architecture_derives_each_status() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    table = text[text.index("### The derived status") : text.index("### The receive rules")]
    assert [status for status in Status if status not in table] == []
