"""A connection has two ends and no middle, so to look at it is to ask both and say which of them did not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text

from console.client import ClientError
from console.client.clients import Clients
from console.client.why import link_exists, link_sentence, payer, why
from console.commands.running import DONE, FAILED
from console.screen import (
    Screen,
    connection_table,
    interfaces_table,
    plain,
    timeline_table,
    workers_table,
)
from console.topology import KnownEndpoint, NoContext
from console.trace.gathering import both_ends
from console.trace.gathering import timeline as timeline_of
from shared.wire.views import InterfaceView, WorkerView

PAGE: Final = 500


async def show_one(clients: Clients, screen: Screen, name: str) -> int:
    """One connection: both ends if both may be asked, else this end and what it last heard."""
    own, other, trouble = await both_ends(clients, name)
    if screen.as_json:
        beside = None if other is None else other.model_dump()
        screen.data(
            {
                **own.model_dump(),
                "other": beside,
                "link": link_exists(own, other),
                "sentence": link_sentence(own, other),
                "trouble": trouble,
            }
        )
        return DONE
    screen.show(connection_table(screen.out, [own] if other is None else [own, other]), "")
    screen.show(Text(link_sentence(own, other), style="bold green" if link_exists(own, other) is not False else ""))
    for end in (own, other):
        if end is not None and end.reason:
            screen.show(Text(plain(f"{end.interface}: {end.reason}")))
    screen.show(f"Charged: {payer(own)}.")
    if trouble is not None:
        screen.complain(f"The other end could not be asked. {trouble}")
    return DONE


async def show_all(clients: Clients, screen: Screen, *, deleted: bool) -> int:
    """Every interface of the accounts at hand."""
    endpoints = _known(clients)
    answers = await asyncio.gather(
        *(_interfaces(clients, one.id, deleted=deleted) for one in endpoints), return_exceptions=True
    )
    views: list[InterfaceView] = []
    silent: list[dict[str, str]] = []
    for endpoint, answer in zip(endpoints, answers, strict=True):
        if isinstance(answer, ClientError):
            silent.append({"endpoint": endpoint.id, "code": answer.code, "sentence": answer.sentence})
        elif isinstance(answer, BaseException):
            raise answer
        else:
            views += answer
    if screen.as_json:
        screen.data({"interfaces": [view.model_dump() for view in views], "silent": silent})
    elif views:
        screen.show(interfaces_table(screen.out, views))
    elif not silent:
        screen.show(f"No interfaces on {', '.join(one.id for one in endpoints)}.")
    return complain(screen, silent)


async def explain(clients: Clients, screen: Screen, name: str) -> int:
    """Why a connection is up or not, in one sentence."""
    own, other, trouble = await both_ends(clients, name)
    sentence = why(own, other, trouble)
    if screen.as_json:
        fields = {"interface": own.interface, "endpoint": own.endpoint, "status": own.status}
        screen.data({**fields, "link": link_exists(own, other), "asked_both": other is not None, "sentence": sentence})
    else:
        screen.show(Text(plain(sentence)))
    return DONE


async def timeline(clients: Clients, screen: Screen, name: str, after: int, limit: int | None) -> int:
    """What happened to an interface, from its worker's durable record."""
    place = await clients.locate(name)
    await clients.view(place)
    rows = await timeline_of(clients, place, after, limit)
    if screen.as_json:
        shown = [row.model_dump() for row in rows]
        screen.data({"interface": place.interface, "endpoint": place.endpoint, "rows": shown})
    else:
        screen.show(timeline_table(screen.out, rows) if rows else "Nothing has happened yet.")
    return DONE


async def workers(clients: Clients, screen: Screen, endpoint: str | None) -> int:
    """Workers about themselves: one, or all at hand."""
    if endpoint is not None:
        about = await clients.worker(endpoint)
        if screen.as_json:
            screen.data(about.model_dump())
        else:
            screen.show(workers_table(screen.out, [about]), _counters(about))
        return DONE
    endpoints = _known(clients)
    answers = await asyncio.gather(*(clients.worker(one.id) for one in endpoints), return_exceptions=True)
    there: list[WorkerView] = []
    silent: list[dict[str, str]] = []
    for known, answer in zip(endpoints, answers, strict=True):
        if isinstance(answer, ClientError):
            silent.append({"endpoint": known.id, "code": answer.code, "sentence": answer.sentence})
        elif isinstance(answer, BaseException):
            raise answer
        else:
            there.append(answer)
    if screen.as_json:
        screen.data({"workers": [one.model_dump() for one in there], "silent": silent})
    elif there:
        screen.show(workers_table(screen.out, there))
    return complain(screen, silent)


async def _interfaces(clients: Clients, endpoint: str, *, deleted: bool) -> list[InterfaceView]:
    found: list[InterfaceView] = []
    after: str | None = ""
    while after is not None:
        page: dict[str, Any] = await clients.one(
            endpoint, {"kind": "list", "after": after, "limit": PAGE, "deleted": deleted}
        )
        found += [InterfaceView.model_validate(view) for view in page["interfaces"]]
        after = page["next"]
    return found


def _known(clients: Clients) -> Sequence[KnownEndpoint]:
    """Every endpoint that may be asked. Raises NoContext if there is none."""
    endpoints = clients.context.at_hand
    if not endpoints:
        raise NoContext(f"{clients.context.source} lists no endpoint that may be asked from here.")
    return endpoints


def complain(screen: Screen, silent: Sequence[dict[str, str]]) -> int:
    """Say who did not answer and why; returns the exit code."""
    if not screen.as_json:
        for one in silent:
            named = one["endpoint"] in one["sentence"]
            screen.complain(one["sentence"] if named else f"{one['endpoint']}: {one['sentence']}")
    return FAILED if silent else DONE


def _counters(about: WorkerView) -> Text:
    return Text(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in about.counters.items()), "dim")
