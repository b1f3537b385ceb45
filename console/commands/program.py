"""The frame of a command-line program: how it is made, and how an unforeseen error ends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup

TRACEBACK_VARIABLE: Final = "PEERING_TRACEBACK"
_SENTENCE_CHARACTERS: Final = 300
"""More than any command's sentence has."""


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long to import as `typer`, for one option

        typer.echo(f"peering-handshake {version('peering-handshake')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
]


class Commands(TyperGroup):
    """The list of commands in a program's `--help`: under their headings, each with its whole sentence."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - its types are typer's own affair
        """Its own options; one that was not given is False, since typer imports pydantic to read None as a flag."""
        params = super().get_params(ctx)
        for one in params:
            if one.default is None and getattr(one, "is_flag", False):
                one.default = False
        return params

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - its types are typer's own affair
        """Write its commands, heading by heading."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                heading = getattr(command, "rich_help_panel", None) or "Commands"
                headings.setdefault(heading, []).append((name, command.get_short_help_str(_SENTENCE_CHARACTERS)))
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def new_app(name: str, summary: str) -> typer.Typer:
    """Make a program without commands; `summary` heads its `--help`, which is plain text: boxes take twice as long."""
    app = typer.Typer(
        name=name,
        cls=Commands,
        help=summary,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
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
