"""Reading both ends' timelines for a trace, each from its own worker and as far as its owner may be acted for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.client import ClientError
from console.client.clients import Clients, Located
from console.client.why import why
from console.trace.merging import Record, merge
from console.trace.model import Trace
from shared.wire.request import ReadForm
from shared.wire.views import InterfaceView, TimelineRow

PAGE: Final = 500


async def both_ends(clients: Clients, name: str) -> tuple[InterfaceView, InterfaceView | None, str | None]:
    """Return this end's view, the other's if it may be asked, and why that did not answer if it did not."""
    own = await clients.view(await clients.locate(name))
    other = await clients.other_end(own)
    if isinstance(other, InterfaceView) or other is None:
        return own, other, None
    return own, None, other.sentence


async def timeline(clients: Clients, place: Located, after: int = 0, limit: int | None = None) -> list[TimelineRow]:
    """Read what happened to an interface after a row, at most so many rows of it. Raises ClientError."""
    rows: list[TimelineRow] = []
    while limit is None or len(rows) < limit:
        wanted = PAGE if limit is None else min(PAGE, limit - len(rows))
        read: ReadForm = {"kind": "timeline", "interface": place.interface, "after": after, "limit": wanted}
        page = (await clients.one(place.endpoint, read))["rows"]
        if not page:
            break
        rows += [TimelineRow.model_validate(row) for row in page]
        after = rows[-1].row
    return rows


async def gather(clients: Clients, name: str, last: int | None = None) -> Trace:
    """Make the trace of the connection that an interface is one end of, or of its `last` moments.

    Raises ClientError.
    """
    own, other, unasked = await both_ends(clients, name)
    records = [await _record(clients, own), await _other_record(clients, own, other)]
    if own.role == "acceptor":
        records.reverse()
    return merge(records[0], records[1], why(own, other, unasked), last=last)


async def _record(clients: Clients, view: InterfaceView) -> Record:
    return record_of(view, await timeline(clients, Located(view.interface, view.endpoint)))


def record_of(view: InterfaceView, rows: Sequence[TimelineRow]) -> Record:
    """Make one end's record."""
    return Record(view.interface, view.endpoint, view.account, view.role, rows)


async def _other_record(clients: Clients, own: InterfaceView, other: InterfaceView | None) -> Record:
    """Read the other end's record; only its name, where its timeline could not be read."""
    if other is not None:
        try:
            return await _record(clients, other)
        except ClientError:
            return absent(own)
    return absent(own)


def absent(own: InterfaceView) -> Record:
    """Make the record of an end that was not asked, as far as this one knows it."""
    peer = own.peer
    if peer is None:
        return Record("no peer", "not configured", "", "", (), asked=False)
    return Record(peer.interface, peer.endpoint, peer.account, "", (), asked=False)
