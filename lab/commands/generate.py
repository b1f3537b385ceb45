"""`peering-lab generate`: write, or check, the documents that are generated from the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.generate import registry
else:
    registry = Later("lab.generate.registry")

CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; name what is stale and exit 1.")]


def generate_command(make_lab: Callable[[], typer.Typer]) -> Callable[..., None]:
    """Make the command; the reference that it generates is that of `make_lab` as well."""

    def generate(*, check: CheckOption = False) -> None:
        """Write the tables, schemas and references that are generated from the code, and name those that changed.

        Run from the root of a clone.
        """
        repository, lab = Path.cwd(), make_lab()
        paths = registry.stale(repository, lab) if check else registry.write(repository, lab)
        for path in paths:
            typer.echo(f"{path} is stale: make docs" if check else path)
        raise typer.Exit(1 if check and paths else 0)

    return generate
