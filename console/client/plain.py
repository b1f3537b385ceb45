"""Text and JSON made harmless for a terminal: what came from elsewhere can neither drive it nor reorder its line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def plain(text: str, keep: str = "") -> str:
    """Make control characters visible, so that a payload or a name cannot drive the terminal."""
    return "".join(c if c in keep or c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def plain_json(fields: Mapping[str, Any]) -> str:
    """Write a JSON object on one line; what is not printable is escaped, as JSON lets anything be."""
    return escape_json(json.dumps(fields, ensure_ascii=False))


def escape_json(document: str) -> str:
    """Escape in a JSON document what is not printable: control, format and bidirectional characters, separators."""
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], document)


_NOT_ASCII = re.compile(r"[^\x00-\x7e]")
"""Of the ASCII characters JSON escapes the controls itself, except the last one."""
