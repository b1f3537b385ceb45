"""The model of a scenario: a topology, the two ends that are watched, and steps with what must be seen after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from console.client import Refused
from console.faults import steps
from console.faults.model import HeldOrder
from console.faults.situation import situation
from console.faults.steps import COMMANDS, ROLES, USUAL_SECONDS, EndName, Expectation, FullName, Seconds, WorkerName
from console.topology import Topology
from console.topology.models import Conflict, Contradiction, Section
from shared.wire.forms import AccountId

Title = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _known(name: str) -> str:
    try:
        return situation(name).name
    except Refused as refused:
        raise ValueError(refused.sentence) from None


SituationName = Annotated[str, AfterValidator(_known)]


class PlacedOrder(HeldOrder):
    """What becomes of held messages in a scenario."""

    interface: EndName | None = None


class Action(steps.Action):
    """Something that is done in a scenario: exactly one verb, and what belongs to it."""

    beside: ClassVar[Mapping[str, Sequence[str]]] = {
        **steps.Action.beside,
        "by": COMMANDS,
        "restored": ("restart",),
        "env": ("run",),
        "exits": ("run",),
        "claims": ("run",),
        "limit": ("run",),
    }

    situation: SituationName | None = Field(
        default=None, description="make both ends, and have them disagree as one of `peering situation list`"
    )
    clear: EndName | Literal["all"] | None = Field(
        default=None, description="clear the faults that this scenario made, or those of an interface"
    )
    held: PlacedOrder | None = Field(default=None, description="what becomes of messages that a fault holds")
    kill: WorkerName | None = Field(default=None, description="kill -9 an endpoint's worker; it is started again")
    restart: WorkerName | None = Field(
        default=None, description="end an endpoint's worker in order, and start it again"
    )
    run: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="start this program, which runs beside the steps until it ends"
    )

    by: AccountId | None = Field(
        default=None, description="another account types it; its message must be set aside and change nothing"
    )
    restored: bool = Field(default=False, description="restart: its store was put back from a copy")
    env: dict[Variable, str] = Field(default={}, description="run: environment, beside PEERING_TOPOLOGY and so on")
    exits: int = Field(default=0, ge=0, le=255, description="run: the exit code with which the program must end")
    claims: Literal["link_up"] | None = Field(
        default=None,
        description="run: the program ends well if the link exists, and only then; `limit` runs while it exists",
    )
    limit: Seconds = Field(default=USUAL_SECONDS, description="run: how long it may take, or then take to notice")


class Step(Section):
    """A step: what is done, in this order, and what must be seen then."""

    title: Title | None = Field(default=None, description="for people")
    shows: Title | None = Field(default=None, description="what this step is an example of, if all is as expected")
    do: tuple[Action, ...] = ()
    expect: Expectation | None = None

    @property
    def shown(self) -> str:
        """Its title, or else what it does."""
        if self.title is not None:
            return self.title
        done = [f"{one.verb} {value}" for one in self.do if isinstance(value := getattr(one, one.verb), str)]
        return ", ".join(done) or ("What must be seen" if not self.do else self.do[0].verb)


def _kind_of_topology(value: object) -> str:
    return "(inline)" if isinstance(value, dict | Topology) else "(file)"


class Scenario(Section):
    """A whole scenario. Without `topology` it runs on what runs already."""

    title: Title = Field(description="for people")
    topology: (
        Annotated[
            Annotated[Path, Tag("(file)")] | Annotated[Topology, Tag("(inline)")], Discriminator(_kind_of_topology)
        ]
        | None
    ) = Field(default=None, description="a topology, or a file that holds one, beside this one; none: what runs")
    connection: tuple[FullName, FullName] | None = Field(
        default=None,
        description="the two ends that are drawn, each RI@ENDPOINT, in steps also `initiator` and "
        "`acceptor`; if not given, fresh ones of those names on two endpoints of these roles",
    )
    steps: tuple[Step, ...] = Field(json_schema_extra={"minItems": 1})

    @model_validator(mode="after")
    def _knows_every_name(self) -> Self:
        if not self.steps:
            raise Contradiction([Conflict(("steps",), "`steps` has none; right would be a list of at least one")])
        known = {*ROLES, *(name.partition("@")[0] for name in self.connection or ())}
        unknown = [
            Conflict(place, _unknown(name)) for place, name in self.names() if "@" not in name and name not in known
        ]
        if unknown:
            raise Contradiction(unknown)
        return self

    def names(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every interface that is named in a step, and where."""
        for number, step in enumerate(self.steps):
            for place, one in enumerate(step.do):
                for key in (*COMMANDS, "peer", "clear"):
                    name = getattr(one, key)
                    if name not in {None, "all"}:
                        yield ("steps", number, "do", place, key), name
            if step.expect is not None:
                for key in step.expect.statuses:
                    yield ("steps", number, "expect", key), key
                for key in ("inbox", "reason", "charged"):
                    for name in getattr(step.expect, key):
                        yield ("steps", number, "expect", key, name), name


def _unknown(name: str) -> str:
    return f"{name} is none of `connection`; another interface is named with its endpoint, {name}@vpc-…"
