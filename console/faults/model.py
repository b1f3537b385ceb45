"""The model of a fault: as it is asked for, and what is told of it, by `peering fault` and `/_peering/faults`."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.wire.forms import AccountId, EndpointId, InterfaceId
from shared.wire.views import View

Place = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
Which = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}(-([1-9][0-9]{0,8})?)?$")]

MessageKind = Literal["initiate", "declare", "not_ready", "data"]
ByMessage = Literal["drop", "delay", "duplicate", "reorder", "hold", "corrupt"]
WholeWire = Literal["cut", "netem"]
ToWorker = Literal["kill", "stop", "continue", "lose", "backup", "restore"]

BY_MESSAGE: Final = frozenset({"drop", "delay", "duplicate", "reorder", "hold", "corrupt"})
WHOLE_WIRE: Final = frozenset({"cut", "netem"})
TO_STORE: Final = frozenset({"lose", "backup", "restore"})
TO_WORKER: Final = frozenset({"kill", "stop", "continue"}) | TO_STORE

LONGEST_SECONDS: Final = 86_400.0


class Range(NamedTuple):
    """From which to which message of a connection; `last` None is for ever."""

    first: int
    last: int | None


class Fault(BaseModel):
    """Something to go wrong on purpose; what is not named matches everything."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    do: Literal[ByMessage, WholeWire, ToWorker] = Field(
        description="To messages: drop; delay; duplicate; reorder: let the connection's next message pass before it; "
        "hold until it is released; corrupt: cut it off in its middle, so that it can't be read. To whole wires: cut; "
        "netem: delay, jitter and loss. To workers: kill (SIGKILL; the supervisor starts it again), stop (SIGSTOP), "
        "continue (SIGCONT). To a worker's store, which takes a restart: lose (it is set aside, and the worker starts "
        "with none), backup (a copy is made), restore (it is set aside, and the last copy is put back)."
    )
    source: Place | None = Field(default=None, alias="from", description="endpoint or account that says it")
    to: Place | None = Field(default=None, description="endpoint or account that it is said to")
    both: bool = Field(default=False, description="the other direction as well")
    interface: InterfaceId | None = Field(default=None, description="only messages from or to this interface")
    next_of: AccountId | None = Field(
        default=None, description="only messages of the next connection that this account makes, whatever its id"
    )
    message: MessageKind | None = Field(default=None, description="only messages of this kind")
    status: str | None = Field(default=None, description="only declarations of an end that shows this status")
    intent: Literal["up", "suspended", "deleted"] | None = Field(
        default=None, description="only declarations of this intent"
    )
    version: int | None = Field(default=None, ge=1, description="only messages of this version of the sender's")
    which: Which | None = Field(
        default=None,
        description="of the messages of a connection that match: 1 only the first, 2-4 the second to the fourth, "
        "3- all from the third on; all, if not given",
    )
    times: int | None = Field(default=None, ge=1, description="strike so often, and then no more")
    seconds: float | None = Field(default=None, gt=0, le=LONGEST_SECONDS, description="stand for so long")
    percent: float = Field(default=100.0, gt=0, le=100, description="probability with which a match is struck")
    seed: int = Field(default=0, description="what the draws follow from")
    delay_seconds: float = Field(default=1.0, ge=0, le=3600, description="delay, netem: how late; reorder: at most")
    jitter_seconds: float = Field(default=0.0, ge=0, le=3600, description="delay, netem: that much more or less")
    loss_percent: float = Field(default=0.0, ge=0, le=100, description="netem: how much is lost")
    copies: int = Field(default=1, ge=1, le=100, description="duplicate: so many more")
    worker: EndpointId | None = Field(default=None, description="whose worker, or whose worker's store")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what would mean nothing."""
        selective = (self.message, self.status, self.intent, self.version, self.which, self.interface, self.next_of)
        if self.do in TO_WORKER and self.worker is None:
            raise ValueError(f"{self.do} needs `worker`, an endpoint")
        if self.do not in TO_WORKER and self.worker is not None:
            raise ValueError(f"{self.do} is done to messages; `worker` is for what is done to workers")
        if self.do in TO_WORKER and (any(selective) or self.source or self.to):
            raise ValueError(f"{self.do} is done to a worker, and to no message")
        if self.do in WHOLE_WIRE and any(selective):
            raise ValueError(f"{self.do} is done to whole wires, and chooses no message")
        if self.do in WHOLE_WIRE and not (self.source or self.to):
            raise ValueError(f"{self.do} needs `from` or `to`")
        if self.do in BY_MESSAGE and not (self.source or self.to or self.interface or self.next_of):
            raise ValueError("one of `from`, `to`, `interface` and `next_of` must say whose messages these are")
        if self.interface and self.next_of:
            raise ValueError("`interface` and `next_of` both say which connection; one of them is right")
        return self

    @property
    def range(self) -> Range:
        """Which of the matching messages of a connection are meant."""
        if self.which is None:
            return Range(1, None)
        first, dash, last = self.which.partition("-")
        return Range(int(first), int(last) if last else None if dash else int(first))

    @property
    def sentence(self) -> str:
        """What it does, for people."""
        if self.do in TO_WORKER:
            return f"{self.do} the {'store' if self.do in TO_STORE else 'worker'} of {self.worker}"
        whose = f"of {self.interface}" if self.interface else ""
        if self.next_of:
            whose = f"of the next connection of account {self.next_of}"
        what = " ".join(filter(None, [self.intent, self.message or "message", self.status and f"({self.status})"]))
        what = "everything" if self.do in WHOLE_WIRE else f"{what} {self.which}" if self.which else f"every {what}"
        way = f"from {self.source or 'anybody'} to {self.to or 'anybody'}{' and back' if self.both else ''}"
        return " ".join(filter(None, [self.do, what, whose, way if self.source or self.to else ""]))


class StandingFault(View):
    """A fault that was asked for, and what has come of it."""

    number: int = Field(description="by which it is cleared")
    fault: Fault
    sentence: str = Field(description="what it does, for people")
    since: float = Field(description="seconds since 1970 when it began")
    struck: int = Field(description="how many messages (or workers) it struck")
    held: int = Field(description="how many messages it holds now")
    over: bool = Field(description="whether it strikes no more, because its times or its seconds are used up")
    interface: str | None = Field(description="next_of: the interface that it turned out to be")
    wires: list[str] = Field(description="the wires that lead through the console for it: ACCOUNT→ENDPOINT")


class HeldMessage(View):
    """A message that stands half-way."""

    number: int = Field(description="by which it is released, dropped, replayed or reordered")
    fault: int = Field(description="the fault that holds it")
    source: str = Field(description="interface that said it")
    target: str = Field(description="interface that it is said to")
    source_endpoint: str = Field(description="where that one lives")
    target_endpoint: str = Field(description="where that one lives")
    label: str = Field(description="what it says, as the timelines name it")
    since: float = Field(description="seconds since 1970 when it was stopped")


class HeldOrder(BaseModel):
    """What to do with held messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: Literal["release", "drop", "replay", "reorder"] = Field(
        description="release: let them go on, in this order. drop: let them be lost. replay: send a copy, and keep "
        "holding. reorder: have them stand in this order from now on."
    )
    numbers: list[int] = Field(default=[], description="which; with none, all of them (of `interface`)")
    interface: InterfaceId | None = Field(default=None, description="only those from or to this interface")


class DeadLetterView(View):
    """A delivery that was set aside, as far as one can tell what it was."""

    id: str = Field(description="by which it is shown, replayed or dropped: what is the same has the same")
    at: str | None = Field(description="when, as whoever set it aside says")
    sender: str | None = Field(description="account whose queue it lay in; null if it names none of an endpoint")
    endpoint: str | None = Field(description="whom it was for")
    proven: bool = Field(description="whether the broker proved that it came from `sender`")
    set_aside_by: str | None = Field(description="account that set it aside, as the broker proves, or `the broker`")
    code: str = Field(description="kind of reason (docs/dead-letters.md)")
    reason: str = Field(description="why, as it was said")
    type: str = Field(description="the AMQP property: a bundle or a request")
    size_bytes: int = Field(description="of the whole body; a copy ends after 64 KiB")
    would_be: str = Field(description="what it would have been, as its receiver would read it now")
    replay: str | None = Field(description="code of the refusal to replay it; null if it can be")
    body: str | None = Field(description="its first 4,000 characters; null in a list")


class DeadLetterPage(View):
    """The oldest dead letters."""

    dead_letters: list[DeadLetterView] = Field(description="the oldest first")
    more: int = Field(description="how many there are beside these")
