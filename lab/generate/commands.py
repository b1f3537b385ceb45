"""The command reference, docs/commands.md: each program's own `--help`, in the order in which it lists its commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import typer
from typer.testing import CliRunner

from console.cli import COMMANDS, LONG_RUNNING, make_app

_PLAIN = {"TERMINAL_WIDTH": "100", "COLUMNS": "100", "NO_COLOR": "1"}


@cache
def commands_page(lab: typer.Typer) -> str:
    """Every command of `peering` and of `lab` as `--help` shows it, as a page."""
    ours = [*(one.__name__ for one in LONG_RUNNING), *(" ".join(entry.words) for entry in COMMANDS)]
    labs = [one.callback.__name__ for one in lab.registered_commands if one.callback is not None]
    head = ["# Commands", "", "Generated from the programs by `make docs`.", ""]
    return "\n".join([*head, *_help("peering", make_app(), ours), *_help("peering-lab", lab, labs)])


def _help(program: str, app: typer.Typer, names: Sequence[str]) -> Iterator[str]:
    runner = CliRunner()
    for name in names:
        shown = runner.invoke(app, [*name.split(), "--help"], prog_name=program, env=_PLAIN).output
        text = "\n".join(line.rstrip() for line in shown.strip().splitlines())
        yield from (f"## {program} {name}", "", "```text", text, "```", "")
