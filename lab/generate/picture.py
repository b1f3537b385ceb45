"""The pieces of a generated picture: page, boxes, texts and lines, in colours for light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

WIDTH: Final = 900
STYLE: Final = """
.picture {
  --paper: #ffffff; --ink: #1f2430; --dim: #5d6675; --rule: #c3cad5; --room: #f4f6f9;
  --before: #b3452c; --after: #1a8049;
  font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 12px;
}
@media (prefers-color-scheme: dark) {
  .picture {
    --paper: #14181f; --ink: #e6e9ef; --dim: #9aa4b5; --rule: #3c4554; --room: #1d232d;
    --before: #f08a66; --after: #43c07d;
  }
}
.paper { fill: var(--paper); }
.floor { fill: none; stroke: var(--rule); }
.room { fill: var(--room); stroke: var(--rule); }
.commit { fill: var(--ink); }
text { fill: var(--ink); }
.name { font-weight: 650; }
.package { font-weight: 700; font-size: 14px; }
.note { fill: var(--dim); font-size: 11px; }
.inverse { fill: var(--paper); font-weight: 650; }
.before { fill: var(--before); }
.after { fill: var(--after); }
.way { stroke: var(--dim); }
.cut { stroke: var(--dim); stroke-dasharray: 3 4; }
"""

Box = tuple[float, float, float, float]
"""Left, top, width, height; all in pixels."""


def page(label: str) -> ET.Element:
    """Begin a picture; `label` is for who cannot see it."""
    root = ET.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "picture", "role": "img", "aria-label": label}
    )
    ET.SubElement(root, "style").text = STYLE
    ET.SubElement(root, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    return root


def box(root: ET.Element, kind: str, where: Box) -> ET.Element:
    """Draw a box of this kind (a class of STYLE)."""
    made = ET.SubElement(root, "rect", {"class": kind, "rx": "5"})
    resize(made, where)
    return made


def resize(made: ET.Element, where: Box) -> None:
    """Give a box another place or size."""
    for name, value in zip(("x", "y", "width", "height"), where, strict=True):
        made.set(name, f"{value:.0f}")


def write(root: ET.Element, kind: str, place: tuple[float, float], lines: Sequence[str]) -> None:
    """Write lines of this kind, one under the other, from this place on."""
    x, y = place
    for number, line in enumerate(lines):
        ET.SubElement(root, "text", {"class": kind, "x": f"{x:.0f}", "y": f"{y + 14 * number:.0f}"}).text = line


def line(root: ET.Element, kind: str, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a straight line of this kind."""
    (x1, y1), (x2, y2) = begin, end
    places = {"x1": f"{x1:.0f}", "y1": f"{y1:.0f}", "x2": f"{x2:.0f}", "y2": f"{y2:.0f}"}
    ET.SubElement(root, "line", {"class": kind, **places})


def text_of(root: ET.Element, height: float) -> str:
    """The picture as a file."""
    root.set("viewBox", f"0 0 {WIDTH} {height:.0f}")
    root.set("width", str(WIDTH))
    root.set("height", f"{height:.0f}")
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"
