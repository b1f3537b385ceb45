"""The work of the commands that look: ask workers, show what they answer, and say which of them did not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.text import Text

from console.client import Unanswered, listing, owning
from console.client.clients import Clients, Located
from console.client.history import History, Part, last_rows, rows_after
from console.client.listing import Wanted
from console.client.owning import LAST_ROWS
from console.client.plain import plain
from console.client.why import link_exists, link_sentence, payer
from console.commands.running import DONE, FAILED
from console.commands.work.faults import on_purpose
from console.screen import (
    Screen,
    connection_table,
    interfaces_table,
    timeline_table,
    workers_table,
)
from console.stack.control_socket import process_sentence
from shared.wire.views import WorkerView

TABLE_ROWS: Final = 200
"""How many interfaces a table shows where nobody says how many: more are no help to people, and slow to draw."""
ENDPOINTS_NAMED: Final = 10


async def show_one(clients: Clients, screen: Screen, name: str) -> int:
    """Show one connection: both ends if both may be asked, else this end and what it last heard."""
    own, other, unasked = await clients.both_ends(name)
    if screen.as_json:
        beside = None if other is None else other.model_dump()
        screen.data(
            {
                **own.model_dump(),
                "other": beside,
                "link": link_exists(own, other),
                "sentence": link_sentence(own, other),
                "trouble": unasked,
            }
        )
        return DONE
    screen.show(connection_table(screen.out, [own] if other is None else [own, other]), "")
    screen.show(Text(link_sentence(own, other), style="bold green" if link_exists(own, other) is not False else ""))
    for end in (own, other):
        if end is not None and end.reason:
            screen.show(Text(plain(f"{end.interface}: {end.reason}")))
    screen.show(f"Charged: {payer(own)}.")
    if unasked is not None:
        screen.complain(f"The other end could not be asked. {unasked}")
    return DONE


async def show_all(clients: Clients, screen: Screen, wanted: Wanted) -> int:
    """Show the interfaces of the accounts at hand that are wanted: programs get all, people the first ones."""
    if not screen.as_json and wanted.limit is None:
        wanted = wanted._replace(limit=TABLE_ROWS)
    views, silent, more = await listing.interfaces(clients, wanted)
    if screen.as_json:
        screen.data({"interfaces": [view.model_dump() for view in views], "silent": silent, "more": more})
    elif views:
        screen.show(interfaces_table(screen.out, views))
    elif not silent:
        places = listing.endpoints(clients, wanted.endpoint, wanted.account)
        shown = ", ".join(places[:ENDPOINTS_NAMED]) + (" …" if len(places) > ENDPOINTS_NAMED else "")
        screen.show(f"No interfaces{' match' if wanted.match else ''} on {shown}.")
    if more and not screen.as_json:
        screen.complain(
            f"There are more than these {len(views)}: say which with --status, --account, --peer or --name, "
            "or how many with --limit."
        )
    return complain(screen, silent)


async def explain(clients: Clients, screen: Screen, name: str) -> int:
    """Say in one sentence why a connection is up or not."""
    broken = await on_purpose(clients, name)
    fields = await owning.explain(clients, name, broken.faults)
    screen.tell(fields, Text(plain(fields["sentence"])))
    return DONE


async def timeline(clients: Clients, screen: Screen, name: str, part: Part) -> int:
    """Print the last of what happened to an interface, from its worker's durable record."""
    place = await _there(clients, name)
    return _tell_history(screen, place, await last_rows(clients, place, part.or_last(LAST_ROWS)))


async def timeline_after(clients: Clients, screen: Screen, name: str, after: int, limit: int | None) -> int:
    """Print what happened to an interface after a row."""
    place = await _there(clients, name)
    return _tell_history(screen, place, await rows_after(clients, place, after, limit))


async def _there(clients: Clients, name: str) -> Located:
    """Find an interface; a timeline without rows is not told from an interface that is not there. Raises Refused."""
    place = await clients.locate(name)
    await clients.view(place)
    return place


def _tell_history(screen: Screen, place: Located, history: History) -> int:
    rows, earlier = history
    if screen.as_json:
        shown = [row.model_dump() for row in rows]
        screen.data({"interface": place.interface, "endpoint": place.endpoint, "earlier": earlier, "rows": shown})
        return DONE
    screen.show(timeline_table(screen.out, rows) if rows else "Nothing has happened in this time.")
    if earlier:
        screen.complain(f"{earlier:,} earlier rows are not shown; --last ROWS or --since TIME shows more.")
    return DONE


async def workers(clients: Clients, screen: Screen, endpoint: str | None) -> int:
    """Show what workers say about themselves: one, or all at hand."""
    if endpoint is not None:
        about = await _worker(clients, endpoint)
        if screen.as_json:
            screen.data(about.model_dump())
        else:
            screen.show(workers_table(screen.out, [about]), _counters(about))
            _complain_of(screen, [about])
        return DONE
    answers, silent = await listing.from_all(clients, partial(_worker, clients), listing.endpoints(clients))
    there = list(answers.values())
    if screen.as_json:
        screen.data({"workers": [one.model_dump() for one in there], "silent": silent})
    elif there:
        screen.show(workers_table(screen.out, there))
        _complain_of(screen, there)
    return complain(screen, silent)


def _complain_of(screen: Screen, workers: Sequence[WorkerView]) -> None:
    """Say what these workers have to do without."""
    for one in workers:
        for sentence in one.lacks:
            screen.complain(f"{one.endpoint}: {sentence}")


async def _worker(clients: Clients, endpoint: str) -> WorkerView:
    """Ask a worker about itself; if it does not answer, the `peering up` that runs it may know why."""
    try:
        return await clients.worker(endpoint)
    except Unanswered as error:
        process = await process_sentence(Path(clients.context.source).parent, endpoint)
        raise Unanswered(f"{error.sentence} {process}".rstrip(), error.code) from error


def complain(screen: Screen, silent: Sequence[dict[str, str]]) -> int:
    """Say who did not answer and why; returns the exit code."""
    if not screen.as_json:
        for one in silent:
            named = one["endpoint"] in one["sentence"]
            screen.complain(one["sentence"] if named else f"{one['endpoint']}: {one['sentence']}")
    return FAILED if silent else DONE


def _counters(about: WorkerView) -> Text:
    return Text(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in about.counters.items()), "dim")
