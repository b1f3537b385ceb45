"""Reading both ends' timelines for a trace, each from its own worker and as far as its owner may be acted for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from console.client import ClientError
from console.client.clients import Clients, Located
from console.client.history import ALL, Part, last_rows
from console.client.why import waiting, why
from console.trace.merging import Record, merge
from console.trace.model import Trace
from console.trace.strikes import Strike
from shared.wire.views import InterfaceView, TimelineRow

LAST_MOMENTS: Final = 400
"""How many of the latest moments are drawn where nobody says how many."""
MARGIN_ROWS: Final = 200
"""How many more rows of each end are read than are drawn, so that what was said before is not taken for unsaid."""
MARGIN_SECONDS: Final = 10.0


class OnPurpose(NamedTuple):
    """What a console has done to messages on purpose, and the faults that did it, for people."""

    strikes: Sequence[Strike] = ()
    faults: Sequence[str] = ()


NOTHING: Final = OnPurpose()


class Gathered(NamedTuple):
    """A trace, and how many moments of both ends it leaves out because they are earlier."""

    trace: Trace
    earlier: int


async def gather(clients: Clients, name: str, part: Part = ALL, broken: OnPurpose = NOTHING) -> Gathered:
    """Make the trace of the last part of the connection that an interface is one end of. Raises ClientError.

    Little more is read than that: of each end a margin before it. `broken` is what a console does to it on purpose.
    """
    own, other, unasked = await clients.both_ends(name)
    histories: list[tuple[Record, int]] = []
    for view in (own, other):
        try:
            histories.append((absent(own), 0) if view is None else await _record(clients, view, part))
        except ClientError:
            if view is own:
                raise
            histories.append((absent(own), 0))
    waited = waiting(own, other, histories[0][0].rows, histories[1][0].rows)
    sentence = why(own, other, unasked, waited=waited, faults=broken.faults)
    if own.role == "acceptor":
        histories.reverse()
    (first, unread), (second, unread_too) = histories
    trace = merge(first, second, sentence, part, broken.strikes)
    known = unread + unread_too + len(first.rows) + len(second.rows)
    return Gathered(trace, known - sum(len(end.moments) for end in trace.ends))


async def _record(clients: Clients, view: InterfaceView, part: Part) -> tuple[Record, int]:
    """Read one end's record; how many rows before it were not read."""
    last = None if part.last is None else part.last + MARGIN_ROWS
    since = None if part.since is None else part.since - MARGIN_SECONDS
    rows, earlier = await last_rows(clients, Located(view.interface, view.endpoint), Part(last, since))
    return record_of(view, rows), earlier or 0


def record_of(view: InterfaceView, rows: Sequence[TimelineRow]) -> Record:
    """Make one end's record."""
    return Record(view.interface, view.endpoint, view.account, view.role, rows)


def absent(own: InterfaceView) -> Record:
    """Make the record of an end that was not asked, as far as this one knows it."""
    peer = own.peer
    if peer is None:
        return Record("no peer", "not configured", "", "", (), asked=False)
    return Record(peer.interface, peer.endpoint, peer.account, "", (), asked=False)
