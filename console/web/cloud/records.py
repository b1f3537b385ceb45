"""The records of the server's store: what no worker holds, and never a status. Each is one row, as JSON."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

INITIATING = "InitiatingSide"
ACCEPTING = "AcceptingSide"

ANSWERED = "answered"
"""The kind of a ClientToken's memo: a digest of the question, the ids that belong to it, and its answer once known."""

END_PREFIX: Final = "ri-pcc"
"""What the ids begin with of the interfaces that are ends of a VPC peering connection."""

_ROLES: Final = {INITIATING: "i", ACCEPTING: "a"}
_END: Final = re.compile(rf"{END_PREFIX}([a-z0-9]{{1,36}})[ia]")


def end_id(connection: str, role: str) -> str:
    """Name the interface that is the end of a VPC peering connection in this role."""
    return f"{END_PREFIX}{connection.removeprefix('pcc-')}{_ROLES[role]}"


def connection_of(interface: str) -> str:
    """Name the VPC peering connection that an interface is an end of; empty if of none."""
    read = _END.fullmatch(interface)
    return "" if read is None else f"pcc-{read[1]}"


class Record(BaseModel):
    """A row of the store: `kind` says which sort, `id` which one."""

    model_config = ConfigDict(extra="forbid")
    kind: ClassVar[str]

    id: str
    account: str
    region: str = ""


class Key(Record):
    """An access key: `id` is public, `secret` signs."""

    kind = "key"
    secret: str = Field(repr=False)
    active: bool = True


class Labelled(Record):
    """A record that people may name, describe, tag and group."""

    name: str = ""
    description: str = ""
    created: str = ""
    group: str = "rg-default"
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """Its tags as the API writes them."""
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]


class Router(Labelled):
    """A VPC's router or a VBR: `workers` names the endpoint whose worker is it, in each role.

    `started` are those of them that this console's own supervisor runs.
    """

    kind = "router"
    cidr: str = ""
    workers: dict[str, str] = Field(default_factory=dict)
    started: list[str] = Field(default_factory=list)
    details: dict[str, str] = Field(default_factory=dict)

    @property
    def is_vbr(self) -> bool:
        """Whether it is a VBR."""
        return self.id.startswith("vbr-")

    @property
    def type(self) -> str:
        """Its type, as the API says."""
        return "VBR" if self.is_vbr else "VRouter"

    @property
    def status(self) -> str:
        """Its status; only a VBR can be terminated."""
        return self.details.get("Status", "active" if self.is_vbr else "Available")

    @property
    def vpc(self) -> str:
        """The VPC that it routes for; empty of a VBR."""
        return "" if self.is_vbr else f"vpc-{self.rest}"

    @property
    def owner_id(self) -> int | str:
        """Its owner's uid, which the cloud's clients read as a number."""
        return int(self.account) if self.account.isdecimal() else self.account

    @property
    def table(self) -> str:
        """Its route table."""
        return f"vtb-{self.rest}"

    @property
    def rest(self) -> str:
        """What its ids have in common."""
        return self.id.partition("-")[2]


class RouterInterface(Labelled):
    """The record of an interface: what its worker does not hold, such as its price; never its status.

    The opposite's four fields are kept as they were said, because they may be said one by one; the worker is told once
    they are complete.
    """

    kind = "interface"
    router: str
    role: str
    endpoint: str
    spec: str
    opposite_region: str
    opposite_interface: str = ""
    opposite_router: str = ""
    opposite_type: str = ""
    opposite_owner: str = ""
    access_point: str = ""
    opposite_access_point: str = ""
    probe_source: str = ""
    probe_target: str = ""
    probe_rate_milliseconds: int | None = None
    probe_threshold: int | None = None
    charge: str = "PostPaid"
    ends: str = "2999-09-08T16:00:00Z"
    business: str = "Normal"
    fast_link: bool = False
    connected: str = ""
    details: dict[str, str] = Field(default_factory=dict)

    @property
    def connection(self) -> str:
        """The VPC peering connection that it is an end of; empty if of none."""
        return connection_of(self.id)


class RouteEntry(Labelled):
    """A custom route: what goes to `destination` leaves through `next_hop`."""

    kind = "route"
    table: str
    destination: str
    next_hop_type: str
    next_hop: str
