"""The frame of a command-line program: how it is made, and how an unforeseen error ends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Final, NoReturn

import typer

TRACEBACK_VARIABLE: Final = "PEERING_TRACEBACK"


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long to import as `typer`, for one option

        typer.echo(f"peering-handshake {version('peering-handshake')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
]


def new_app(name: str, summary: str) -> typer.Typer:
    """Make a program without commands; `summary` heads its `--help`."""
    app = typer.Typer(
        name=name,
        help=summary,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None if os.environ.get("TERM") == "dumb" else "markdown",
    )

    def program(*, version: VersionOption = False) -> None:
        """Options before the command; `version` has been answered when this is called."""

    program.__doc__ = summary
    app.callback()(program)
    return app


def run_program(make: Callable[[], Callable[[], object]]) -> NoReturn:
    """Make a program and run one command of it.

    An unforeseen error becomes a sentence and exit code 1, never a traceback, unless PEERING_TRACEBACK is set.
    """
    try:
        make()()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        sys.stderr.write(
            f"peering: a fault of this program, not yours: {type(error).__name__}: {error} "
            f"(set {TRACEBACK_VARIABLE}=1 to see where)\n"
        )
        sys.exit(1)
    sys.exit(0)
