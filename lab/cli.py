"""The program `peering-lab`: the list of its commands."""

from __future__ import annotations

from typing import NoReturn

import typer

from console.commands.program import new_app, run_program
from lab.commands.bench import bench
from lab.commands.chaos import chaos
from lab.commands.explore import explore
from lab.commands.generate import generate_command
from lab.commands.simulate import simulate
from lab.commands.soak import soak


def make_app() -> typer.Typer:
    """Make the program, with every command that there is."""
    app = new_app("peering-lab", "Proof and measurement of the peering simulator; it works on a clone.")
    for command in (explore, simulate, chaos, soak, bench, generate_command(make_app)):
        app.command(command.__name__)(command)
    return app


def main() -> NoReturn:
    """Run one command."""
    run_program(make_app)


if __name__ == "__main__":
    main()
