"""The words of a step, in situations and in scenarios: what is done to two ends, and what must be seen then."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from console.faults.model import Fault
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
_AT: Final = f"({'|'.join(ROLES)}|{_ENDPOINT})"
_END: Final = f"^({'|'.join(ROLES)}|{_INTERFACE}(@{_AT})?)$"
_PEER: Final = f"^({'|'.join(ROLES)}|{_INTERFACE})(@{_AT})?$"


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


PeerName = Annotated[str, StringConstraints(pattern=_PEER)]
EndName = Annotated[str, StringConstraints(pattern=_END)]
FullName = Annotated[str, StringConstraints(pattern=f"^{_INTERFACE}@{_ENDPOINT}$")]
WorkerName = Annotated[str, StringConstraints(pattern=f"^{_AT}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{1,60}$")]
COMMANDS: Final = ("create", "configure", "initiate", "suspend", "resume", "delete", "send")
"""What owners do."""


def _patterned(schema: dict[str, Any]) -> None:
    """Say in the schema which further keys there may be: interfaces, and nothing else."""
    schema["patternProperties"] = {_END: schema.pop("additionalProperties")}
    schema["additionalProperties"] = False


class PlacedFault(Fault):
    """A fault of a step; its places may be `initiator` and `acceptor` as well."""

    interface: EndName | None = None
    worker: WorkerName | None = None


class Action(Section):
    """Something that is done: exactly one verb, and what belongs to it."""

    beside: ClassVar[Mapping[str, Sequence[str]]] = {
        "refused": COMMANDS,
        "both": ("create",),
        "peer": ("configure",),
        "peer_account": ("configure",),
        "peer_region": ("configure",),
        "body": ("send",),
    }
    """What may stand beside which verb."""

    create: EndName | None = Field(default=None, description="an owner makes this interface, Idle")
    configure: EndName | None = Field(default=None, description="an owner tells this interface who its peer is")
    initiate: EndName | None = Field(default=None, description="an owner initiates the connection")
    suspend: EndName | None = Field(default=None, description="an owner suspends the connection")
    resume: EndName | None = Field(default=None, description="an owner takes its suspension back")
    delete: EndName | None = Field(default=None, description="an owner deletes this interface")
    send: EndName | None = Field(default=None, description="an owner sends a payload from this interface")
    fault: PlacedFault | None = Field(default=None, description="something goes wrong on purpose from here on")

    both: bool = Field(
        default=False, description="create: both ends of the connection, which know each other and initiate"
    )
    refused: Code | None = Field(default=None, description="the code of the refusal that the command must meet")
    peer: PeerName | None = Field(default=None, description="configure: the peer; the other end, if not given")
    peer_account: AccountId | None = Field(default=None, description="configure: its account, if not the real one")
    peer_region: RegionId | None = Field(default=None, description="configure: its region, if not the real one")
    body: Payload = Field(default="hello", description="send: the payload")

    @model_validator(mode="after")
    def _has_one_verb(self) -> Self:
        known = self.verbs()
        verbs = [one for one in known if one in self.model_fields_set]
        if len(verbs) != 1:
            said = f"here are {' and '.join(verbs)}" if verbs else "here is none"
            raise ValueError(f"an action has exactly one of {', '.join(known)}; {said}")
        wrong = [one for one in self.model_fields_set - set(verbs) if verbs[0] not in self.beside[one]]
        if wrong:
            raise Contradiction(
                [Conflict((one,), f"`{one}` belongs beside {', '.join(self.beside[one])}") for one in wrong]
            )
        return self

    @classmethod
    def verbs(cls) -> list[str]:
        """Every verb that there is."""
        return [name for name in cls.model_fields if name not in cls.beside]

    @property
    def verb(self) -> str:
        """What is done."""
        return next(one for one in self.verbs() if one in self.model_fields_set)


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
    struck: int | None = Field(default=None, ge=0, description="how often the faults made here have struck at least")

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
