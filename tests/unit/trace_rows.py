"""Timelines as workers write them, in as few words as a test needs."""

from collections.abc import Sequence

from console.trace.merging import Record
from shared.wire.views import TimelineRow

INITIATE = "Initiate 1.1 up Connecting ack -.0 got 0"
ANSWER = "Declare 1.1 up Accepting ack 1.1 got 0"
CONFIRM = "Declare 1.1 up Activated ack 1.1 got 0"
NOT_READY = "NotReady - answers 1.1 PeerNotConfigured"


def rows(*steps: tuple[float, str, str, str, Sequence[str]]) -> list[TimelineRow]:
    """Rows of one end, each: at, was, status, cause, said."""
    return [
        TimelineRow(row=place, at=at, interface="ri-x", was=was, status=status, cause=cause, said=list(said))
        for place, (at, was, status, cause, said) in enumerate(steps, 1)
    ]


def record(interface: str, steps: Sequence[TimelineRow], role: str = "initiator") -> Record:
    """One end's half."""
    return Record(interface, f"vpc-{interface[3:]}", interface[3:], role, steps)


OPENING = rows(
    (0.0, "", "Idle", "command create", []),
    (1.0, "Idle", "Connecting", "command initiate", [INITIATE]),
    (1.5, "Connecting", "Connecting", "timer resend", [INITIATE]),
    (1.52, "Connecting", "Activated", f"heard {ANSWER}", [CONFIRM]),
)
ANSWERING = rows(
    (0.2, "", "Idle", "command create", []),
    (1.01, "Idle", "Idle", f"heard {INITIATE}", [NOT_READY]),
    (1.51, "Idle", "Accepting", f"heard {INITIATE}", [ANSWER]),
    (1.53, "Accepting", "Activated", f"heard {CONFIRM}", []),
)
