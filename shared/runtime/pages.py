"""The pages of a timeline and of an inbox, as far as they fit into one answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from shared.runtime.subscriptions import timeline
from shared.store.sqlite import Store
from shared.wire.request import ReadForm
from shared.wire.views import PayloadView

PAGE_LIMIT_CHARACTERS: Final = 262_144
"""Characters of payloads in one page of an inbox, of labels in one of the timeline: the next page has the rest."""

T = TypeVar("T")


def timeline_page(store: Store, form: ReadForm) -> dict[str, Any]:
    """Read a page of the timeline: its `rows`, where to go on (`next`), and with `before` how many are `earlier`."""
    interface, after, before = form["interface"], form["after"], form.get("before")
    found = timeline(store, interface, after, form["limit"], before)
    rows = _fitting(found, lambda row: len("".join(row["said"])), last=before is not None)
    page = {"rows": rows, "next": rows[-1]["row"] if rows else after}
    if before is None:
        return page
    return {**page, "earlier": store.memory.count(interface, after, rows[0]["row"] if rows else before)}


def inbox_page(store: Store, interface: str, form: ReadForm) -> dict[str, Any]:
    """Read a page of an inbox: `payloads`, where to go on, and what is before it, as a page of the timeline."""
    after, before = form["after"], form.get("before")
    found = store.payloads.inbox(interface, after, form["limit"], before)
    fitting = _fitting(found, lambda payload: len(payload.body), last=before is not None)
    payloads = [PayloadView(row=p.place, at=p.at, number=p.number, body=p.body).model_dump() for p in fitting]
    page = {"payloads": payloads, "next": fitting[-1].place if fitting else after}
    if before is None:
        return page
    return {**page, "earlier": store.payloads.count(interface, after, fitting[0].place if fitting else before)}


def _fitting(page: list[T], weight: Callable[[T], int], *, last: bool) -> list[T]:
    """The beginning of a page, or its end, as far as it fits into one answer, and at least one item of it."""
    total = 0
    ordered = page[::-1] if last else page
    for place, item in enumerate(ordered):
        total += weight(item)
        if place and total > PAGE_LIMIT_CHARACTERS:
            return page[len(page) - place :] if last else page[:place]
    return page
