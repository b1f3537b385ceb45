"""Not being answered is not being refused, and a person has to do something else about each of them."""

from __future__ import annotations


class Refused(Exception):
    """A worker, or the console before it asked one, says no: nothing was changed."""

    def __init__(self, code: str, sentence: str) -> None:
        """`code` is stable, `sentence` is for people."""
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence = code, sentence


class ConsoleTrouble(Exception):
    """A question got no answer; whether the worker has carried it out is not known, unless the class says so."""

    code = "Trouble"

    def __init__(self, sentence: str, code: str | None = None) -> None:
        """`sentence` says what is known, and is for people."""
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code or self.code

    @property
    def lasting(self) -> bool:
        """Whether waiting would be in vain."""
        return self.code in {"BrokerRefused", "NotUnderstood"}


class NoRoute(ConsoleTrouble):
    """The broker knows no way to the endpoint: nothing was done."""

    code = "NoRoute"


class WorkerSilent(ConsoleTrouble):
    """The question lies in the worker's queue, and no answer came in time."""

    code = "WorkerSilent"


class BrokerTrouble(ConsoleTrouble):
    """The broker cannot be reached (BrokerUnreachable), or refuses this account (BrokerRefused)."""

    code = "BrokerUnreachable"


class NotUnderstood(ConsoleTrouble):
    """A question that no worker would understand was not sent, or an answer could not be read."""

    code = "NotUnderstood"
