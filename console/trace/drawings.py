"""The name of a file says what is drawn into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from console.trace.mermaid import mermaid
from console.trace.story import Story
from console.trace.svg import svg

DRAWINGS: Final[Mapping[str, Callable[[Story], str]]] = {
    ".svg": svg,
    ".mmd": mermaid,
    ".json": lambda story: story.model_dump_json(indent=1) + "\n",
}


def draw(story: Story, file: Path) -> None:
    """Draw a story into a file whose name ends as one of DRAWINGS. Raises OSError."""
    file.write_text(DRAWINGS[file.suffix](story), encoding="utf-8")
