"""The errors of the client, as one tree: what a question to a worker can end with, other than its answer.

    ClientError                 code (stable) and sentence (for people)
    ├── Refused                 the worker, or the client before it asked one, says no: nothing was changed
    └── Unanswered              no answer; whether it was carried out is not known, unless the class says so
        ├── NoRoute             the broker knows no way to the endpoint: nothing was done
        ├── WorkerSilent        the question lies in the worker's queue, and no answer came in time
        ├── BrokerError         the broker cannot be reached (BrokerUnreachable) or refuses the login (BrokerRefused)
        └── NotUnderstood       no worker would understand it, so it was not sent; or its answer can't be read

A person has to do something else about each of them, so each has a code of its own.
"""

from __future__ import annotations

from typing import Final


class ClientError(Exception):
    """The base of all errors of the client; `outcome` is the word for it in what programs read."""

    outcome = "failed"

    def __init__(self, code: str, sentence: str) -> None:
        """`code` is stable, `sentence` is for people."""
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence = code, sentence


class Refused(ClientError):
    """A refusal by a worker, or by the client before it asked one: nothing was changed."""

    outcome = "refused"


class Unanswered(ClientError):
    """A question without an answer; whether the worker has carried it out is not known, unless the class says so."""

    default_code = "Unanswered"

    def __init__(self, sentence: str, code: str | None = None) -> None:
        """`sentence` says what is known; `code` is the class's own if it is not given."""
        super().__init__(code or self.default_code, sentence)

    def __str__(self) -> str:
        """The sentence alone."""
        return self.sentence

    @property
    def lasting(self) -> bool:
        """Whether waiting would be in vain."""
        return self.code in LASTING


class NoRoute(Unanswered):
    """No way to the endpoint is known to the broker: nothing was done."""

    default_code = "NoRoute"


class WorkerSilent(Unanswered):
    """The question lies in the worker's queue, and no answer came in time."""

    default_code = "WorkerSilent"


class BrokerError(Unanswered):
    """The broker cannot be reached (BrokerUnreachable), or refuses this account (BrokerRefused)."""

    default_code = "BrokerUnreachable"


class NotUnderstood(Unanswered):
    """A question that no worker would understand was not sent, or an answer could not be read."""

    default_code = "NotUnderstood"


LASTING: Final = frozenset({"BrokerRefused", NotUnderstood.default_code})
"""Codes of errors that do not pass by themselves."""
