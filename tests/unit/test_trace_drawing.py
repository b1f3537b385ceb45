"""Tests of the drawing: what it shows, read back out of it and held against the story."""

import re
from xml.etree import ElementTree as ET

import pytest

from console.commands.looking import DRAWINGS as ENDINGS
from console.trace.drawings import DRAWINGS
from console.trace.layout import TALLEST_GAP, gap_height, plan
from console.trace.merging import Record, merge
from console.trace.mermaid import mermaid
from console.trace.model import Trace
from console.trace.svg import NARROWEST_PIXELS, svg
from console.trace.text import text
from tests.unit.test_trace_matching import hearing, saying
from tests.unit.trace_rows import ANSWERING, INITIATE, OPENING, record, rows

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "ri-<script>alert(1)</script>&\"'"


@pytest.fixture
def trace() -> Trace:
    return merge(record("ri-a", OPENING), record("ri-b", ANSWERING, "acceptor"), "It is up.")


def read(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own text


def arrows(root: ET.Element) -> list[tuple[str, str]]:
    groups = [group for group in root.iter(f"{SVG}g") if group.get("class", "").startswith("told")]
    return [(group.get("class", ""), group.findtext(f"{SVG}title") or "") for group in groups]


@pytest.mark.parametrize("width", [1, NARROWEST_PIXELS, 360, 860, 10_000])
def test_every_message_is_an_arrow_that_says_what_it_was(trace: Trace, width: int) -> None:
    found = arrows(read(svg(trace, width)))
    assert [css for css, _ in found] == [
        "told arrived",
        "told unnoted",
        "told arrived repeated",
        "told arrived",
        "told arrived",
    ]
    assert found[2][1] == (
        f"ri-a → ri-b: {INITIATE}\nsaid again at 1.500 s\nheard at 1.510 s, after 10 ms: Idle → Accepting"
    )


def test_lost_and_doubled_ones_are_seen() -> None:
    lost = merge(record("ri-a", saying(1, 2, 3)), record("ri-b", hearing(2.1)))
    kinds = [css for css, _ in arrows(read(svg(lost)))]
    assert kinds == ["told lost", "told arrived repeated", "told under-way repeated"]
    assert len([line for line in read(svg(lost)).iter(f"{SVG}line") if line.get("class") == "cross"]) == 2
    doubled = merge(record("ri-a", saying(1)), record("ri-b", hearing(2, 3)))
    assert "doubled, heard again at 3.000 s, after 2.0 s" in arrows(read(svg(doubled)))[0][1]


def test_time_only_goes_down_and_arrows_never_go_up(trace: Trace) -> None:
    where = plan(trace, 860, 0)
    heights = [where.rows[place, one.row] for place, end in enumerate(trace.ends) for one in end.moments]
    assert len(set(heights)) == len(heights)
    ways = [line for line in read(svg(trace)).iter(f"{SVG}line") if (line.get("class") or "").startswith("way")]
    assert ways
    assert all(float(line.get("y2", 0)) > float(line.get("y1", 0)) for line in ways)


def test_long_pauses_are_short_and_marked() -> None:
    assert gap_height(0) < gap_height(0.01) < gap_height(1) <= gap_height(1e6) == TALLEST_GAP
    assert "1.0 s later" not in svg(merge(record("ri-a", OPENING), record("ri-b", ANSWERING)))
    late = rows((0, "", "Idle", "command create", []), (3600, "Idle", "Connecting", "command initiate", []))
    assert "60 min later" in svg(merge(record("ri-a", late), record("ri-b", [])))


def test_no_name_becomes_markup() -> None:
    nasty = Record(NASTY, NASTY, NASTY, NASTY, OPENING)
    text = svg(merge(nasty, nasty, NASTY))
    assert "<script" not in text
    assert NASTY in "".join(read(text).itertext())
    diagram = mermaid(merge(nasty, nasty, NASTY))
    assert "<script" not in diagram


def test_a_drawing_of_nothing_is_a_drawing() -> None:
    empty = merge(record("ri-a", []), Record("ri-b", "vpc-b", "b", "", (), asked=False))
    assert "not asked" in svg(empty)
    assert mermaid(empty).startswith("sequenceDiagram\n")


def test_a_drawing_alone_brings_its_colours_for_light_and_dark(trace: Trace) -> None:
    assert "prefers-color-scheme: dark" in svg(trace)
    assert "<style" not in svg(trace, alone=False)
    used = set(re.findall(r"s-[a-z]+", svg(trace, alone=False)))
    assert used == {"s-idle", "s-connecting", "s-accepting", "s-activated"}


def test_the_sequence_diagram_has_every_message_and_closes_what_it_opens(trace: Trace) -> None:
    lines = [line.strip() for line in mermaid(trace).splitlines()]
    assert lines.count("end") == sum(line.startswith("rect ") for line in lines) == 2
    assert "A->>B: Initiate 1.1 (again)" in lines
    assert "B-)A: NotReady: PeerNotConfigured" in lines
    open_ended = mermaid(merge(record("ri-a", OPENING), record("ri-b", ANSWERING[:3])))
    assert open_ended.count("rect ") == open_ended.count("    end\n")
    assert "A-xB: Initiate 1.1 (lost)" in mermaid(merge(record("ri-a", saying(1, 2)), record("ri-b", hearing(2.1))))


def test_the_drawing_for_a_terminal_has_both_ends_and_every_message_in_order(trace: Trace) -> None:
    lines = text(trace).splitlines()
    assert lines[0].split() == ["seconds", "ri-a", "·", "vpc-a", "ri-b", "·", "vpc-b"]
    assert lines[-1] == "It is up."
    told = [line for line in lines if "─" in line]
    assert [line.strip(" ─▶◀0123456789.") for line in told] == [
        "Initiate",
        "NotReady: PeerNotConfigured",
        "Initiate 1.1, again",
        "Declare 1.1 up, has",
        "Declare 1.1 up, has",
    ]
    assert ["▶" in line for line in told] == [True, False, True, False, True]
    assert max(map(len, lines)) <= 110
    lost = text(merge(record("ri-a", saying(1, 2)), record("ri-b", hearing(2.1))))
    assert "─✗" in lost
    empty = merge(record("ri-a", []), Record("ri-b", "vpc-b", "b", "", (), asked=False))
    assert len(text(empty).splitlines()) == 2


def test_the_story_as_data_comes_back(trace: Trace) -> None:
    assert Trace.model_validate_json(DRAWINGS[".json"](trace)) == trace


def test_the_endings_that_are_checked_early_are_those_that_can_be_drawn() -> None:
    assert tuple(DRAWINGS) == ENDINGS
