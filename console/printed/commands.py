"""The command reference is the program's own help, in the order in which the program lists it."""

from __future__ import annotations

from typer.testing import CliRunner

from console.cli import COMMANDS, LONG_RUNNING, make_app

_PLAIN = {"TERMINAL_WIDTH": "100", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


def commands_page() -> str:
    """Every command as `--help` shows it, as a page."""
    app, runner = make_app(), CliRunner()
    names = [*LONG_RUNNING, *(entry.function.__name__ for entry in COMMANDS)]
    lines = ["# Commands", "", "Printed from the program by `make docs`.", ""]
    for name in names:
        shown = runner.invoke(app, [name, "--help"], prog_name="peering", env=_PLAIN).output
        text = "\n".join(line.rstrip() for line in shown.strip().splitlines())
        lines += [f"## peering {name}", "", "```text", text, "```", ""]
    return "\n".join(lines)
