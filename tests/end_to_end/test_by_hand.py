"""Tests of docs/by-hand.md: what each owner types there is typed, and says what the page says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, peering_up, type_command
from tests.waiting import wait_for_blocking

PAGE: Final = REPOSITORY / "docs" / "by-hand.md"
BLOCK: Final = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
MOMENT: Final = re.compile(r"\d\d:\d\d:\d\d\.\d{3}|for \d+ s|(at least )?(once|\d+ times)")
LOOKING: Final = frozenset({"why", "inbox", "wait"})
"""Commands that may be typed again until what the page shows has come about."""


class Typed(NamedTuple):
    """What an owner types, and what the page says that it prints."""

    owner: str
    words: tuple[str, ...]
    prints: str


def typed() -> Iterator[Typed]:
    """What the page has its two owners type, in order."""
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, prints = step.partition("\n")
            if line.startswith(("alice ", "bob ")):
                owner, *words = shlex.split(line)
                yield Typed(owner, tuple(words), plain(prints))


def plain(text: str) -> str:
    """A text without its moments, how long and how often, and its line breaks."""
    return " ".join(MOMENT.sub("", text).split())


def test_what_the_page_says_is_what_is_printed(tmp_path: Path) -> None:
    steps = list(typed())
    assert len(steps) > 15
    with peering_up(
        REPOSITORY / "examples" / "cross-account.yaml", tmp_path / "up", PEERING_LISTEN="127.0.0.1:0"
    ) as up:
        for step in steps:

            def printed(step: Typed = step) -> str:
                ended = type_command(*step.words, *up.terminal.options, "--as", step.owner, folder=tmp_path)
                return plain(ended.stdout + ended.stderr)

            if step.words[0] in LOOKING:
                wait_for_blocking(printed, LIMIT_SECONDS, until=step.prints.__eq__)
            else:
                assert printed() == step.prints, step.words
