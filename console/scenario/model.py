"""The model of a scenario: a topology, the two ends that are watched, and steps with what must be seen after each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

from console.client import Refused
from console.faults.model import Fault, HeldOrder
from console.faults.situation import situation
from console.topology import Topology
from console.topology.models import Conflict, Contradiction, Section
from shared.protocol.words import Status
from shared.wire.forms import AccountId, Payload, RegionId

USUAL_SECONDS: Final = 20.0
"""How long an expectation, or a program whose link exists, may take where the scenario does not say."""

_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)?")
_UNITS: Final = {"ms": 0.001, None: 1.0, "s": 1.0, "m": 60.0}
ROLES: Final = ("initiator", "acceptor")
"""Other names of the connection's two ends, and of their endpoints."""

_INTERFACE: Final = "ri-[a-z0-9]{1,40}"
_ENDPOINT: Final = "(vpc|vbr)-[a-z0-9-]{1,40}"
_END: Final = f"^({'|'.join(ROLES)}|{_INTERFACE}(@{_ENDPOINT})?)$"


def _seconds(text: object) -> object:
    found = _DURATION.fullmatch(str(text))
    if found is None:
        raise ValueError("right would be a time such as 500ms, 2s or 1m")
    return float(found[1]) * _UNITS[found[2]]


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": ["string", "number"], "pattern": f"^{_DURATION.pattern}$"}),
]


def _known(name: str) -> str:
    try:
        return situation(name).name
    except Refused as refused:
        raise ValueError(refused.sentence) from None


EndName = Annotated[str, StringConstraints(pattern=_END)]
FullName = Annotated[str, StringConstraints(pattern=f"^{_INTERFACE}@{_ENDPOINT}$")]
WorkerName = Annotated[str, StringConstraints(pattern=f"^({'|'.join(ROLES)}|{_ENDPOINT})$")]
SituationName = Annotated[str, AfterValidator(_known)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{1,60}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

COMMANDS: Final = ("create", "configure", "initiate", "suspend", "resume", "delete", "send")
_BESIDE: Final = {
    "refused": COMMANDS,
    "both": ("create",),
    "by": COMMANDS,
    "restored": ("restart",),
    "peer": ("configure",),
    "peer_account": ("configure",),
    "peer_region": ("configure",),
    "body": ("send",),
    "env": ("run",),
    "exits": ("run",),
    "claims": ("run",),
    "limit": ("run",),
}
"""What may stand beside which verb."""


def _patterned(schema: dict[str, Any]) -> None:
    """Say in the schema which further keys there may be: interfaces, and nothing else."""
    schema["patternProperties"] = {_END: schema.pop("additionalProperties")}
    schema["additionalProperties"] = False


class PlacedFault(Fault):
    """A fault of a scenario; its places may be `initiator` and `acceptor` as well."""

    interface: EndName | None = None
    worker: WorkerName | None = None


class PlacedOrder(HeldOrder):
    """What becomes of held messages in a scenario."""

    interface: EndName | None = None


class Action(Section):
    """Something that is done: exactly one verb, and what belongs to it."""

    create: EndName | None = Field(default=None, description="an owner makes this interface, Idle")
    configure: EndName | None = Field(default=None, description="an owner tells this interface who its peer is")
    initiate: EndName | None = Field(default=None, description="an owner initiates the connection")
    suspend: EndName | None = Field(default=None, description="an owner suspends the connection")
    resume: EndName | None = Field(default=None, description="an owner takes its suspension back")
    delete: EndName | None = Field(default=None, description="an owner deletes this interface")
    send: EndName | None = Field(default=None, description="an owner sends a payload from this interface")
    situation: SituationName | None = Field(
        default=None, description="make both ends, and have them disagree as one of `peering situation list`"
    )
    fault: PlacedFault | None = Field(default=None, description="something goes wrong on purpose from here on")
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

    refused: Code | None = Field(default=None, description="the code of the refusal that the command must meet")
    both: bool = Field(
        default=False, description="create: both ends of the connection, which know each other and initiate"
    )
    by: AccountId | None = Field(
        default=None, description="another account types it; its message must be set aside and change nothing"
    )
    restored: bool = Field(default=False, description="restart: its store was put back from a copy")
    peer: EndName | None = Field(default=None, description="configure: the peer; the other end, if not given")
    peer_account: AccountId | None = Field(default=None, description="configure: its account, if not the real one")
    peer_region: RegionId | None = Field(default=None, description="configure: its region, if not the real one")
    body: Payload = Field(default="hello", description="send: the payload")
    env: dict[Variable, str] = Field(default={}, description="run: environment, beside PEERING_TOPOLOGY and so on")
    exits: int = Field(default=0, ge=0, le=255, description="run: the exit code with which the program must end")
    claims: Literal["link_up"] | None = Field(
        default=None,
        description="run: the program ends well if the link exists, and only then; `limit` runs while it exists",
    )
    limit: Seconds = Field(default=USUAL_SECONDS, description="run: how long it may take, or then take to notice")

    @model_validator(mode="after")
    def _has_one_verb(self) -> Self:
        verbs = [one for one in VERBS if one in self.model_fields_set]
        if len(verbs) != 1:
            said = f"here are {' and '.join(verbs)}" if verbs else "here is none"
            raise ValueError(f"an action has exactly one of {', '.join(VERBS)}; {said}")
        wrong = [one for one in self.model_fields_set - set(verbs) if verbs[0] not in _BESIDE[one]]
        if wrong:
            raise Contradiction(
                [Conflict((one,), f"`{one}` belongs beside {', '.join(_BESIDE[one])}") for one in wrong]
            )
        return self

    @property
    def verb(self) -> str:
        """What is done."""
        return next(one for one in VERBS if one in self.model_fields_set)


VERBS: Final = tuple(name for name in Action.model_fields if name not in _BESIDE)


class Expectation(BaseModel):
    """What must be so within a time, and stay so for a time; interfaces by name, with the status of each."""

    model_config = ConfigDict(
        extra="allow", frozen=True, hide_input_in_errors=True, populate_by_name=True, json_schema_extra=_patterned
    )
    __pydantic_extra__: dict[str, Status] = Field(init=False)  # type: ignore[mutable-override] # pydantic reads it
    keys: ClassVar[str] = "an interface such as ri-alice"

    within: Seconds = Field(default=USUAL_SECONDS, description="how long it may take")
    lasting: Seconds = Field(default=0.0, alias="for", description="how long it must stay so")
    link: bool | None = Field(default=None, description="whether the link exists between the two ends")
    inbox: dict[EndName, tuple[str, ...]] = Field(
        default={}, description="the payloads in an interface's inbox, all of them and in order"
    )
    reason: dict[EndName, Code] = Field(default={}, description="with which code an interface explains itself")
    charged: dict[EndName, Literal["nobody", "this end", "the peer"]] = Field(
        default={}, description="who pays for the connection, as each end sees it"
    )
    held: int | None = Field(default=None, ge=0, description="how many messages are held")
    struck: int | None = Field(default=None, ge=0, description="how often the scenario's faults have struck")

    @property
    def statuses(self) -> dict[str, Status]:
        """What each interface must show."""
        return self.__pydantic_extra__

    @model_validator(mode="after")
    def _names_interfaces(self) -> Self:
        wrong = [key for key in self.statuses if not re.match(_END, key)]
        if wrong:
            raise Contradiction([Conflict((key,), f"{key[:60]!r} is no interface such as ri-alice") for key in wrong])
        return self


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
