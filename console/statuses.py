"""The statuses as people see them: the colour of each, and the article's table of what both ends show.

Imports nothing heavy: the screen, the drawings, the page's stylesheet, the demonstration and the laboratory read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.protocol.words import Status


class Colours(NamedTuple):
    """The colours of a status: a style of rich's for terminals, and what CSS has on light and on dark paper."""

    terminal: str
    light: str
    dark: str


_OPENING: Final = Colours("yellow", "#a66f00", "#e0a93a")

COLOURS: Final[Mapping[str, Colours]] = {
    Status.IDLE: Colours("bright_black", "#6b7484", "#8f99aa"),
    Status.CONNECTING: _OPENING,
    Status.ACCEPTING: _OPENING,
    Status.ACTIVATED: Colours("bold green", "#1a8049", "#43c07d"),
    Status.SUSPENDING: Colours("magenta", "#9455cc", "#c79bf0"),
    Status.SUSPENDED: Colours("bold magenta", "#7a3bb8", "#b27ae8"),
    Status.ACTIVATING: Colours("cyan", "#0f7896", "#4db9da"),
    Status.DELETING: Colours("red", "#bd4a25", "#f08a66"),
    Status.DELETED: Colours("bold red", "#b3261e", "#ff6f66"),
}


class ProcessRow(NamedTuple):
    """A row of the article's table of the process: what happens, and what both ends show."""

    process: str
    initiator: Status
    acceptor: Status


PROCESS: Final = (
    ProcessRow("The initiator initiates a connection.", Status.CONNECTING, Status.ACCEPTING),
    ProcessRow("The connection is established.", Status.ACTIVATED, Status.ACTIVATED),
    ProcessRow("The connection is suspended.", Status.SUSPENDING, Status.SUSPENDING),
    ProcessRow("The connection is broken.", Status.SUSPENDED, Status.SUSPENDED),
    ProcessRow("A connection is re-initiated.", Status.ACTIVATING, Status.ACTIVATING),
    ProcessRow("The connection is established.", Status.ACTIVATED, Status.ACTIVATED),
)


def stylesheet() -> str:
    """Write the colours as CSS: variables, light and dark, and rules for drawings (fill) and the page (--tone)."""
    light = " ".join(f"--{_word(status)}: {colours.light};" for status, colours in COLOURS.items())
    dark = " ".join(f"--{_word(status)}: {colours.dark};" for status, colours in COLOURS.items())
    rules = [f".drawing .s-{_word(one)} {{ fill: var(--{_word(one)}); }}" for one in COLOURS]
    rules += [f'[data-status="{one}"] {{ --tone: var(--{_word(one)}); }}' for one in COLOURS]
    scheme = "@media (prefers-color-scheme: dark)"
    return "\n".join(
        [f".drawing, .palette {{ {light} }}", f"{scheme} {{ .drawing, .palette {{ {dark} }} }}", *rules, ""]
    )


def _word(status: str) -> str:
    return status.lower()
