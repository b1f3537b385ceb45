"""The command `run`, which plays a scenario and says whether all was as expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.looking import drawing_file
from console.commands.options import Later, TopologyOption

if TYPE_CHECKING:
    from console.scenario import playing
else:
    playing = Later("console.scenario.playing")

FileArgument = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Steps and expectations, as YAML.")]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write what came of each step, as JUnit does.")
]
TraceOption = Annotated[
    Path | None,
    typer.Option("--trace", metavar="FILE", callback=drawing_file, help="Draw what was said, as `peering trace` does."),
]
HereOption = Annotated[
    bool, typer.Option("--here", help="Run on what runs already, although the scenario has a topology.")
]


def run(
    scenario: FileArgument,
    junit: JunitOption = None,
    trace: TraceOption = None,
    here: HereOption = False,  # noqa: FBT002 - an option of the command line
    topology: TopologyOption = None,
) -> None:
    """Play a scenario with real processes: a topology of its own, or what runs if it has none; and check what is seen.

    Exits 0 if every expectation was met, 1 if not, and says then which was not, with both ends and what they said.
    Programs that a scenario starts get PEERING_TOPOLOGY, PEERING_CONSOLE_URL and PEERING_CONSOLE_TOKEN.
    """
    raise typer.Exit(playing.run(playing.Wanted(scenario, junit, trace, here, topology)))
