"""The views: what a worker shows of interfaces, timeline, payloads and itself, and what every `--json` prints."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

QUEUE_UNREAD = "QueueUnread"
"""The reason's code where a worker can't read what the peer says to it, whatever both ends show."""
NEWER_PROTOCOL = "NewerProtocol"
"""The reason's code where one of the two workers speaks a version that the other does not read."""


class View(BaseModel):
    """The base of all views: frozen, and without unknown fields, so that a reader never guesses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PeerView(View):
    """The peer of an interface, as far as the interface knows it."""

    interface: str = Field(description="the peer's interface id")
    endpoint: str = Field(description="the VPC or VBR it lives on")
    account: str = Field(description="its owner's uid")
    region: str = Field(description="its region")
    reachable: bool | None = Field(description="heard of within the hold time; null if never heard")
    status: str | None = Field(description="what the peer showed as last heard; null if never heard")


class InterfaceView(View):
    """An interface: one end of one peering connection."""

    interface: str = Field(description="interface id, ri-…")
    name: str = Field(description="a name for people")
    endpoint: str = Field(description="the VPC or VBR it lives on")
    kind: Literal["vpc", "vbr"] = Field(description="what the endpoint is")
    account: str = Field(description="owner's uid")
    region: str = Field(description="region of the endpoint")
    role: str = Field(description="what this end may do until the connection is established")
    status: str = Field(description="what this end shows")
    peer: PeerView | None = Field(description="peer information; null until configured")
    holds: list[Literal["own", "peer"]] = Field(description="whose suspensions keep the connection down")
    charged: Literal["nobody", "this end", "the peer"] = Field(description="who pays for the connection")
    reason: str | None = Field(description="why it is not up, as far as this end knows; null if it is")
    reason_code: str | None = Field(description="stable code of the reason")
    unacknowledged: int = Field(description="payloads sent that the peer has not acknowledged")
    epoch: int = Field(description="number of this end's epoch")
    version: int = Field(description="number of this end's latest declaration")


class TimelineRow(View):
    """A row of the timeline: one step of one interface, what it changed and what was sent."""

    row: int = Field(description="position in the worker's timeline")
    at: float = Field(description="seconds since 1970, for people; nothing depends on it")
    interface: str = Field(description="interface id")
    was: str = Field(description="status before")
    status: str = Field(description="status after")
    cause: str = Field(description="what happened")
    said: list[str] = Field(description="what was said to the peer because of it")


class PayloadView(View):
    """A payload in an inbox."""

    row: int = Field(description="position in the inbox")
    at: float = Field(description="seconds since 1970 when it was kept")
    number: int = Field(description="the sender's number for it")
    body: str = Field(description="the payload")


LARGE_STORE_BYTES: Final = 1 << 30
LARGE_STORE: Final = (
    "Its store has grown beyond a gigabyte: `peering inbox RI --acknowledge` lets go of payloads that were read, and "
    "PEERING_INBOX_KEPT_SECONDS, PEERING_INBOX_LIMIT_PAYLOADS and PEERING_TIMELINE_KEPT_SECONDS of what is old."
)


class HistogramView(View):
    """Measured values, counted by the bounds between which they lie."""

    bounds: tuple[float, ...] = Field(description="the largest value of each place but the last")
    counts: tuple[int, ...] = Field(description="how many values lie in each place")
    sum: float = Field(description="the sum of all values")


class WorkerView(View):
    """A worker, as it describes itself. On the wire the store id has the name that format 1 gave it, `life`."""

    endpoint: str = Field(description="the endpoint it is")
    kind: str = Field(description="vpc or vbr")
    account: str = Field(description="owner's uid")
    region: str = Field(description="region")
    role: str = Field(description="its role")
    pid: int = Field(description="its process id")
    store_id: int = Field(
        validation_alias=AliasChoices("life", "store_id"),
        serialization_alias="life",
        description="nonce of its store; another one means that the store was lost",
    )
    timeline: int = Field(description="position of the timeline's last row")
    statuses: dict[str, int] = Field(description="how many interfaces show which status")
    counters: dict[str, int] = Field(description="what was counted since the worker started")
    rejections: dict[str, int] = Field(
        default_factory=dict, description="how many deliveries were rejected since then, by the code of the reason"
    )
    unread: dict[str, str] = Field(
        default_factory=dict, description="accounts whose messages to this endpoint it cannot read now, and why"
    )
    blocked: str | None = Field(default=None, description="why the broker takes nothing from it now; null if it does")
    store: str | None = Field(default=None, description="why its store takes nothing now; null if it does")
    store_bytes: int = Field(default=0, description="size of its store's file")
    disconnected: str | None = Field(default=None, description="why it has no broker now; null if it has")
    peers: dict[str, int] = Field(default_factory=dict, description="how many peers' workers are reachable or not")
    histograms: dict[str, HistogramView] = Field(
        default_factory=dict, description="what was measured since the worker started"
    )

    @property
    def lacks(self) -> list[str]:
        """What it has to do without now, a sentence each, for people; nothing of a healthy worker."""
        sentences = [f"It cannot read what {account} says to it: {why}" for account, why in sorted(self.unread.items())]
        sentences += [f"The broker takes no messages from it: {self.blocked}"] if self.blocked else []
        sentences += [f"Its store takes nothing: {self.store}"] if self.store else []
        return sentences + ([LARGE_STORE] if self.store_bytes > LARGE_STORE_BYTES else [])
