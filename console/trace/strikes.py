"""The strikes of faults on messages on their way, brought to the messages that a trace knows of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from pydantic import Field

from shared.wire.views import View

EARLY_SECONDS: Final = 0.1
"""How much a tap's clock may be behind that of a sender."""
NEAR_SECONDS: Final = 2.0
"""How long a message may take from its sender's note of it to the tap."""


class Strike(View):
    """One message that a fault struck."""

    at: float = Field(description="seconds since 1970 when it came to the tap")
    fault: int = Field(description="which fault")
    do: str = Field(description="what was done to it")
    source: str = Field(description="interface that said it")
    target: str = Field(description="interface that it was said to")
    label: str = Field(description="what it says, as the timelines name it")
    passed_at: float | None = Field(description="when it (or the last copy of it) left the tap; null if it has not")
    dropped: bool = Field(description="whether it never will")

    @property
    def sentence(self) -> str:
        """What was done, for people."""
        by = f"by fault {self.fault}, on purpose"
        if self.dropped:
            return f"{'dropped' if self.do != 'hold' else 'held, then dropped'} {by}"
        if self.passed_at is None:
            return f"held half-way {by}" if self.do == "hold" else f"kept back ({self.do}) {by}"
        late = self.passed_at - self.at
        return (
            f"{self.do} {by}" if self.do in {"duplicate", "corrupt"} else f"let go after {late:.1f} s ({self.do}) {by}"
        )


class Said(NamedTuple):
    """A label that one end said, and when; `strike` is what was done to it on its way."""

    label: str
    row: int
    at: float
    strike: Strike | None = None

    @property
    def left(self) -> float | None:
        """When it began the rest of its way: as it was said, or when its tap let it go; None if it has not."""
        if self.strike is None or self.strike.do in {"duplicate", "corrupt"}:
            return self.at
        return None if self.strike.dropped else self.strike.passed_at


def with_strikes(said: Sequence[Said], strikes: Iterable[Strike]) -> list[Said]:
    """Bring each strike to the message of its label that had just been said when it came to the tap."""
    found = list(said)
    for strike in sorted(strikes, key=lambda one: one.at):
        near = [
            place
            for place, one in enumerate(found)
            if one.label == strike.label and one.strike is None and -EARLY_SECONDS <= strike.at - one.at <= NEAR_SECONDS
        ]
        if near:
            found[near[-1]] = found[near[-1]]._replace(strike=strike)
    return found
