"""The errors that the client raises, as one tree; each has a stable code and a sentence.

    PeeringError          code (stable) and sentence (for people)
    ├── Refused           a command was refused: nothing was changed (HTTP 404, 409 and 422)
    ├── Unanswered        no answer, from a worker, the broker or the simulator; what was done is not known (503)
    ├── TimedOut          a status was not shown in time (504)
    └── NotStarted        a simulator could not be started or found

The codes are those of the commands: docs/refusals.md lists the workers'.
"""

from __future__ import annotations

from typing import Any, Final


class PeeringError(Exception):
    """The base of them all."""

    def __init__(self, code: str, sentence: str) -> None:
        """`code` is stable, `sentence` is for people."""
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence = code, sentence


class Refused(PeeringError):
    """A refusal: nothing was changed."""


class Unanswered(PeeringError):
    """A question without an answer; whether it was carried out is not known."""


class TimedOut(PeeringError):
    """A status that was not shown in time; the sentence says what is shown instead, and why."""


class NotStarted(PeeringError):
    """A simulator that could not be started or found."""


_UNANSWERED: Final = 503
_LATE: Final = 504


def error_of(status: int, answer: Any) -> PeeringError:  # noqa: ANN401 - whatever was answered
    """Make the error that an HTTP status and its JSON tell of."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    if isinstance(detail, dict):
        code, sentence = str(detail.get("code")), str(detail.get("sentence") or detail.get("message"))
    elif isinstance(detail, list) and detail:
        place = ".".join(str(part) for part in detail[0].get("loc", []))
        code, sentence = "InvalidRequest", f"{place}: {detail[0].get('msg')}."
    else:
        code, sentence = "NotAdmitted" if status in {401, 403} else "SimulatorFailed", str(detail or f"HTTP {status}.")
    kinds: dict[int, type[PeeringError]] = {_UNANSWERED: Unanswered, _LATE: TimedOut}
    return kinds.get(status, Refused)(code, sentence)
