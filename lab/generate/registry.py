"""The list of generated documents: each one's path and what makes its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import typer

from console.stack.compose import CONSOLE, DEFINITIONS, compose_console, compose_definitions
from lab.generate.actions import actions_page
from lab.generate.batch import batch_picture
from lab.generate.commands import commands_page
from lab.generate.control import control_document
from lab.generate.dead_letters import dead_letters_page
from lab.generate.errors import errors_page
from lab.generate.guarantees import guarantees_page
from lab.generate.house import house_picture, map_page
from lab.generate.metrics import metrics_page
from lab.generate.refusals import refusals_page
from lab.generate.schemas import (
    additions_schema,
    asyncapi_document,
    bundle_schema,
    request_schema,
    scenario_schema,
    trace_schema,
)
from lab.generate.situations import situations_page
from lab.generate.transitions import transitions_page


def pages(lab: typer.Typer) -> Mapping[str, Callable[[Path], str]]:
    """Each generated document's path, and what makes its text for a repository; `lab` is the program `peering-lab`."""
    return {
        "docs/map.md": map_page,
        "docs/house.svg": house_picture,
        "docs/batch.svg": lambda _: batch_picture(),
        "docs/errors.md": errors_page,
        "docs/guarantees.md": guarantees_page,
        "docs/transitions.md": lambda _: transitions_page(),
        "docs/cloud-actions.md": lambda _: actions_page(),
        "docs/refusals.md": lambda _: refusals_page(),
        "docs/dead-letters.md": lambda _: dead_letters_page(),
        "docs/metrics.md": lambda _: metrics_page(),
        "docs/situations.md": lambda _: situations_page(),
        "docs/commands.md": lambda _: commands_page(lab),
        "docs/bundle.schema.json": lambda _: bundle_schema(),
        "docs/additions.schema.json": lambda _: additions_schema(),
        "docs/requests.schema.json": lambda _: request_schema(),
        "docs/trace.schema.json": lambda _: trace_schema(),
        "docs/scenario.schema.json": lambda _: scenario_schema(),
        "docs/asyncapi.yaml": lambda _: asyncapi_document(),
        "docs/openapi.json": lambda _: control_document(),
        str(DEFINITIONS): compose_definitions,
        str(CONSOLE): compose_console,
    }


def write(repository: Path, lab: typer.Typer) -> list[str]:
    """Generate everything anew; returns the paths that changed."""
    changed = _differing(repository, lab)
    for path, text in changed.items():
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return list(changed)


def stale(repository: Path, lab: typer.Typer) -> list[str]:
    """Name what is not as the code would generate it now."""
    return list(_differing(repository, lab))


def _differing(repository: Path, lab: typer.Typer) -> dict[str, str]:
    made = {path: page(repository) for path, page in pages(lab).items()}
    return {path: text for path, text in made.items() if _read(repository / path) != text}


def _read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None
