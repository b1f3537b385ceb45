"""The command `demo`, which runs a story with real processes and leaves nothing behind."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.looking import drawing_file
from console.commands.options import Later

if TYPE_CHECKING:
    from console.demo import playing
else:
    playing = Later("console.demo.playing")


class StoryName(StrEnum):
    """The stories that can be told."""

    CROSS_ACCOUNT = "cross-account"
    SAME_ACCOUNT = "same-account"
    VBR = "vbr"


StoryArgument = Annotated[StoryName, typer.Argument(help="Which story.")]
KeepOption = Annotated[
    Path | None, typer.Option("--keep", metavar="FOLDER", help="Keep stores and logs in this new folder.")
]

TraceOption = Annotated[
    Path | None,
    typer.Option("--trace", metavar="FILE", callback=drawing_file, help="Draw what was said, as `peering trace` does."),
]


def demo(story: StoryArgument = StoryName.CROSS_ACCOUNT, keep: KeepOption = None, trace: TraceOption = None) -> None:
    """Tell the whole story with real processes: a broker, two workers, both owners' commands, both ends' statuses.

    Exits 0 only if everything that the story must show was seen, else 1. Leaves nothing running.
    """
    raise typer.Exit(playing.run(story.value, keep, trace))
