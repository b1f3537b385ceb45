"""The SVG drawing of a trace: both ends side by side, their statuses as bands, messages as arrows between them.

A space-time diagram as Maelstrom draws it. Every text goes through an XML writer, so no name can become markup; colours
are classes, whose meaning stands in drawing.css for the page and for the file alike, in light and in dark.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from importlib.resources import files
from typing import Final
from xml.etree import ElementTree as ET

from console import statuses
from console.trace.layout import STEP, Plan, plan
from console.trace.model import Fate, Message, Trace
from console.trace.wording import cause, duration, full, happened, moment, short

WIDTH_PIXELS: Final = 860
NARROWEST_PIXELS: Final = 300
WIDEST_PIXELS: Final = 1400
_HEAD: Final = 92.0
_LEGEND: Final = 64.0
_SIGNS: Final = ("↻ said again", "✕ lost, | held half-way", "thin: left no trace", "red: the ends disagree")
_BAND: Final = 14.0
_STEEP: Final = 60.0
_SLANT: Final = 14.0
"""How much lower an arrow ends whose arrival nobody noted."""


def stylesheet() -> str:
    """Return the colours of a drawing and of every status, light and dark."""
    return (files("console.trace") / "drawing.css").read_text(encoding="utf-8") + statuses.stylesheet()


def svg(trace: Trace, width: int = WIDTH_PIXELS, *, alone: bool = True) -> str:
    """Draw a trace. A drawing that stands `alone` brings its colours; one in the page takes the page's."""
    width = min(max(width, NARROWEST_PIXELS), WIDEST_PIXELS)
    where = plan(trace, width, _HEAD)
    height = where.bottom + _LEGEND + (16 if where.narrow else 0)
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height:.0f}",
            "width": str(width),
            "height": f"{height:.0f}",
            "role": "group" if not alone else "img",
            "class": "drawing narrow" if where.narrow else "drawing",
            "aria-label": f"Messages between {trace.ends[0].interface} and {trace.ends[1].interface}",
        },
    )
    if alone:
        ET.SubElement(root, "style").text = stylesheet()
    ET.SubElement(root, "rect", {"class": "paper", "width": str(width), "height": f"{height:.0f}"})
    _shades(root, trace, where)
    _breaks(root, where)
    _bands(root, trace, where)
    _heads(root, trace, where)
    for arrow, place in _placed(trace):
        _arrow(root, trace, arrow, place, where)
    _moments(root, trace, where)
    _legend(root, trace, where)
    return ET.tostring(root, encoding="unicode") + "\n"


def _text(parent: ET.Element, at: tuple[float, float], words: str, css: str, anchor: str = "start") -> None:
    x, y = at
    ET.SubElement(parent, "text", {"x": _n(x), "y": _n(y), "class": css, "text-anchor": anchor}).text = words


def _line(parent: ET.Element, start: tuple[float, float], end: tuple[float, float], css: str) -> None:
    (x1, y1), (x2, y2) = start, end
    ET.SubElement(parent, "line", {"x1": _n(x1), "y1": _n(y1), "x2": _n(x2), "y2": _n(y2), "class": css})


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _heads(root: ET.Element, trace: Trace, where: Plan) -> None:
    """Draw who stands on which side."""
    for end, x in zip(trace.ends, where.lanes, strict=True):
        size = 8 if where.narrow else 0
        _text(root, (x, 30 + size / 2), end.interface, "name", "middle")
        _text(root, (x, 48), f"{end.account} · {end.endpoint}" if not where.narrow else end.endpoint, "who", "middle")
        _text(root, (x, 64), end.role if end.asked else "not asked", "who", "middle")


def _shades(root: ET.Element, trace: Trace, where: Plan) -> None:
    """Draw the stretches in which the ends disagree, and for how long."""
    left, right = where.lanes
    for one in trace.disagreements:
        top, bottom = where.time(one.since), where.time(one.until)
        group = ET.SubElement(root, "g", {"class": "disagree"})
        lasted = "since then" if one.until is None else f"for {duration(one.until - one.since)}"
        first, second = one.statuses
        ET.SubElement(group, "title").text = f"The ends disagree {lasted}: {first} here, {second} there"
        size = {"x": _n(left), "y": _n(top), "width": _n(right - left), "height": _n(max(2.0, bottom - top))}
        ET.SubElement(group, "rect", size)


def _breaks(root: ET.Element, where: Plan) -> None:
    """Draw long pauses, shorter than they were."""
    for one in where.breaks:
        _line(root, (where.lanes[0], one.y), (where.lanes[1], one.y), "pause")
        words = f"{duration(one.seconds)} later"
        _text(root, (sum(where.lanes) / 2, one.y - 4), words, "when halo", "middle")


def _bands(root: ET.Element, trace: Trace, where: Plan) -> None:
    """Draw what each end showed, from top to bottom."""
    for end, x in zip(trace.ends, where.lanes, strict=True):
        _line(root, (x, _HEAD - 18), (x, where.bottom + 6), "lifeline")
        for band in end.bands:
            top, bottom = where.time(band.since), where.time(band.until)
            if bottom <= top:
                continue
            group = ET.SubElement(root, "g", {"class": f"band s-{band.status.lower()}"})
            lasted = "" if band.until is None else f" for {duration(band.until - band.since)}"
            ET.SubElement(group, "title").text = f"{end.interface} shows {band.status}{lasted}"
            size = {"x": _n(x - _BAND / 2), "y": _n(top), "width": _n(_BAND), "height": _n(bottom - top), "rx": "3"}
            ET.SubElement(group, "rect", size)


def _moments(root: ET.Element, trace: Trace, where: Plan) -> None:
    """Write what happened at each end beside its line; and when, where there is room for it."""
    for place, end in enumerate(trace.ends):
        side = -1 if place == 0 else 1
        x = where.lanes[place] + side * (_BAND / 2 + 6)
        for one in end.moments:
            y = where.rows[place, one.row]
            group = ET.SubElement(root, "g", {"class": "moment"})
            ET.SubElement(group, "title").text = happened(one, end, where.start)
            words = [(one.status, f"status s-{one.status.lower()}")] if one.was != one.status else []
            if why := cause(one):
                words.append((why, "why"))
            _beside(group, (x, y + 4), words, side, stacked=where.narrow)
            if not where.narrow:
                _text(group, (10, y + 4), moment(one.at - where.start), "when")


def _beside(
    group: ET.Element, at: tuple[float, float], words: list[tuple[str, str]], side: int, *, stacked: bool
) -> None:
    """Write words beside a line, the first one nearest to it; or one below the other, where there is no room."""
    (x, y), anchor = at, "end" if side < 0 else "start"
    if stacked:
        for number, (text, css) in enumerate(words):
            _text(group, (x, y + 11 * number), text, css, anchor)
        return
    made = ET.SubElement(group, "text", {"x": _n(x), "y": _n(y), "text-anchor": anchor})
    for number, (text, css) in enumerate(words[::side]):
        ET.SubElement(made, "tspan", {"class": css, **({"dx": "7"} if number else {})}).text = text


def _placed(trace: Trace) -> Iterator[tuple[Message, int]]:
    """Yield each message, and how many were said before it at the same moment."""
    counts: dict[tuple[int, int | None], int] = {}
    for message in trace.told:
        key = (message.by, message.said_row)
        counts[key] = counts.get(key, -1) + 1
        yield message, counts[key] if message.said_row is not None else 0


def _arrow(root: ET.Element, trace: Trace, message: Message, place: int, where: Plan) -> None:
    """Draw one message: from whoever said it to where it was heard, or to where it was lost."""
    side = 1 if message.by == 0 else -1
    x1, x2 = where.lanes[message.by] + side * _BAND / 2, where.lanes[1 - message.by] - side * _BAND / 2
    said = where.row(message.by, message.said_row)
    arrivals = [y for heard in message.heard if (y := where.row(1 - message.by, heard.row)) is not None]
    if said is None and not arrivals:
        return
    css = f"told {message.fate.replace(' ', '-')}{' repeated' if message.repeated else ''}"
    group = ET.SubElement(root, "g", {"class": css, "tabindex": "0"})
    if said is None:
        y1, x1 = arrivals[0] - _SLANT / 2, (x1 + x2) / 2
    else:
        y1 = said + place * STEP
    reached = _flight(group, message, (x1, y1), (x2, side), arrivals)
    ET.SubElement(group, "title").text = full(message, trace, where.start)
    words = ("↻ " if message.repeated else "") + short(message.label, terse=where.terse)
    _along(ET.SubElement(group, "text", {"class": "words halo"}), words, (x1, y1), reached)


def _along(text: ET.Element, words: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Write words above an arrow and as steep as it is: in its middle, or near its sender if others cross it."""
    (x1, y1), (x2, y2) = start, end
    share = 0.5 if y2 - y1 < _STEEP else 0.25
    x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
    slope = math.degrees(math.atan((y2 - y1) / (x2 - x1)))
    text.set("transform", f"translate({_n(x)} {_n(y)}) rotate({slope:.2f})")
    text.set("y", "-4")
    text.set("text-anchor", "middle")
    text.text = words


def _flight(
    group: ET.Element, message: Message, start: tuple[float, float], target: tuple[float, int], arrivals: list[float]
) -> tuple[float, float]:
    """Draw the way of a message; return where it ends."""
    (x1, y1), (x2, side) = start, target
    for number, heard in enumerate(arrivals):
        y2 = max(heard, y1 + 3)
        _line(group, (x1, y1), (x2, y2), "reach")
        _line(
            group,
            (x1, y1),
            (x2 - side * 5, y2 - 5 * (y2 - y1) / abs(x2 - x1)),
            f"way{' again' if number else ''}",
        )
        _head(group, x2, y2, side)
    if arrivals:
        return x2, max(arrivals[0], y1 + 3)
    if message.fate is Fate.LOST and message.on_purpose:
        share = 0.5  # where it was dropped
    else:
        share = {Fate.LOST: 0.62, Fate.HELD: 0.5, Fate.UNDER_WAY: 0.8}.get(message.fate, 1.0)
    x, y = x1 + share * (x2 - x1), y1 + share * _SLANT
    _line(group, (x1, y1), (x, y), "reach")
    _line(group, (x1, y1), (x, y), "way")
    if message.fate is Fate.LOST:
        _line(group, (x - 5, y - 5), (x + 5, y + 5), "cross")
        _line(group, (x - 5, y + 5), (x + 5, y - 5), "cross")
    elif message.fate is Fate.HELD:
        _line(group, (x, y - 7), (x, y + 7), "stop")
    else:
        _head(group, x, y, side)
    return x, y


def _head(group: ET.Element, x: float, y: float, side: int) -> None:
    points = " ".join(f"{_n(px)},{_n(py)}" for px, py in ((x, y), (x - side * 8, y - 4), (x - side * 8, y + 4)))
    ET.SubElement(group, "polygon", {"points": points, "class": "tip"})


def _legend(root: ET.Element, trace: Trace, where: Plan) -> None:
    """Write what the signs mean, and the sentence."""
    y = where.bottom + 26
    begun = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(where.start))
    lines = [_SIGNS[:2], _SIGNS[2:]] if where.narrow else [_SIGNS]
    for signs in lines:
        _text(root, (10, y), " · ".join(signs), "who")
        y += 16
    if where.narrow:
        return
    _text(root, (where.width - 10, y - 16), f"from {begun}" if where.rows else "", "who", "end")
    _text(root, (10, y + 6), trace.sentence, "sentence")
