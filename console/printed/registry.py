"""One list says what is printed, and from what: nothing else in docs/ claims to follow from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from console.compose import CONSOLE, DEFINITIONS, compose_console, compose_definitions
from console.printed.commands import commands_page
from console.printed.control import control_document
from console.printed.guarantees import guarantees_page
from console.printed.refusals import refusals_page
from console.printed.schemas import asyncapi_document, bundle_schema, request_schema, trace_schema
from console.printed.transitions import transitions_page

PRINTED: Final[Mapping[str, Callable[[Path], str]]] = {
    "docs/guarantees.md": guarantees_page,
    "docs/transitions.md": lambda _: transitions_page(),
    "docs/refusals.md": lambda _: refusals_page(),
    "docs/commands.md": lambda _: commands_page(),
    "docs/bundle.schema.json": lambda _: bundle_schema(),
    "docs/requests.schema.json": lambda _: request_schema(),
    "docs/trace.schema.json": lambda _: trace_schema(),
    "docs/asyncapi.yaml": lambda _: asyncapi_document(),
    "docs/openapi.json": lambda _: control_document(),
    str(DEFINITIONS): compose_definitions,
    str(CONSOLE): compose_console,
}


def write(repository: Path) -> list[str]:
    """Print everything anew; returns the paths that changed."""
    old = stale(repository)
    for path in old:
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PRINTED[path](repository), encoding="utf-8")
    return old


def stale(repository: Path) -> list[str]:
    """Name what is not as the code would print it now."""
    return [path for path, page in PRINTED.items() if _read(repository / path) != page(repository)]


def _read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None
