"""The history of a chaos run, a file of JSON lines: what was asked, what was answered, which faults there were.

It is written as things happen, and the checker reads it back from the file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from shared.wire.request import AnswerForm, CommandForm

ASKED: Final = "asked"
ANSWERED: Final = "answered"
GIVEN_UP: Final = "given up"
FAULT: Final = "fault"
HEALED: Final = "healed"
CALM: Final = "calm"
NOTE: Final = "note"

Entry = dict[str, Any]


class History:
    """A log that is written as things happen."""

    def __init__(self, path: Path) -> None:
        """Begin a new file."""
        self.path = path
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def asked(self, request: str, endpoint: str, commands: Sequence[CommandForm]) -> None:
        """An owner is about to ask this."""
        self._write(ASKED, request=request, endpoint=endpoint, commands=list(commands))

    def answered(self, request: str, answers: Sequence[AnswerForm]) -> None:
        """A worker has answered: what is done is promised."""
        self._write(ANSWERED, request=request, answers=list(answers))

    def given_up(self, request: str) -> None:
        """An owner will not ask again; whether it was carried out is not known."""
        self._write(GIVEN_UP, request=request)

    def fault(self, kind: str, whom: str) -> None:
        """A fault begins."""
        self._write(FAULT, kind=kind, whom=whom)

    def healed(self, kind: str, whom: str, did: str | None) -> None:
        """That fault is over, and this is what it did; None if it found nothing to break."""
        self._write(HEALED, kind=kind, whom=whom, did=did)

    def calm(self) -> None:
        """All faults are over."""
        self._write(CALM)

    def note(self, sentence: str) -> None:
        """Anything else that is worth knowing later."""
        self._write(NOTE, sentence=sentence)

    def _write(self, what: str, **more: object) -> None:
        self._file.write(json.dumps({"at": time.time(), "what": what, **more}, ensure_ascii=False) + "\n")
        self._file.flush()


def read(path: Path) -> Iterator[Entry]:
    """Everything that was written, in its order."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
