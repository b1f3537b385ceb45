"""The formats of a drawing, by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from console.client.plain import escape_json
from console.trace.mermaid import mermaid
from console.trace.model import Trace
from console.trace.svg import svg
from console.trace.text import text

DRAWINGS: Final[Mapping[str, Callable[[Trace], str]]] = {
    ".svg": svg,
    ".mmd": mermaid,
    ".txt": text,
    ".json": lambda trace: escape_json(trace.model_dump_json(indent=1)) + "\n",
}


def draw(trace: Trace, file: Path) -> None:
    """Draw a trace into a file whose name ends as one of DRAWINGS. Raises OSError."""
    file.write_text(DRAWINGS[file.suffix](trace), encoding="utf-8")
