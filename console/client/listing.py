"""Listing: what all endpoints at hand answer, and who did not; their interfaces, as far as they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from console.client.clients import Clients
from console.client.errors import ClientError
from console.client.finding import answers_of
from console.topology import NoContext
from shared.wire import commands
from shared.wire.commands import PAGE_ROWS
from shared.wire.request import MatchForm
from shared.wire.views import InterfaceView

T = TypeVar("T")


class Wanted(NamedTuple):
    """The interfaces that are wanted: of an endpoint or an account (uid or name), those that match, up to a limit.

    The endpoints `without` are not asked.
    """

    match: MatchForm = MatchForm()
    endpoint: str | None = None
    account: str | None = None
    deleted: bool = False
    limit: int | None = None
    without: Collection[str] = ()


class Found(NamedTuple):
    """What the endpoints answered, those that did not (endpoint, code, sentence), and whether there is more."""

    answers: list[Any]
    silent: list[dict[str, str]]
    more: bool = False


async def interfaces(clients: Clients, wanted: Wanted) -> Found:
    """List interfaces, a page at a time of every endpoint that may have some; those of one endpoint stand together.

    With a limit it begins with as few of each endpoint as the limit leaves for it. Raises NoContext.
    """
    places = [one for one in endpoints(clients, wanted.endpoint, wanted.account) if one not in wanted.without]
    views: dict[str, list[InterfaceView]] = {endpoint: [] for endpoint in places}
    after: dict[str, str] = dict.fromkeys(places, "")
    silent: list[dict[str, str]] = []
    room = wanted.limit
    while after and (room is None or room >= 0):
        rows = PAGE_ROWS if room is None else min(PAGE_ROWS, max(1, -(-room // len(after))))
        pages, away = await from_all(clients, _page_reader(clients, wanted, after, rows), list(after))
        silent += away
        for endpoint, page in pages.items():
            views[endpoint] += [InterfaceView.model_validate(view) for view in page["interfaces"]]
        after = {endpoint: page["next"] for endpoint, page in pages.items() if page["next"] is not None}
        if wanted.limit is not None:
            room = wanted.limit - sum(map(len, views.values()))
    found = [view for endpoint in places for view in views[endpoint]]
    return Found(found[: wanted.limit], silent, room is not None and room < 0)


def _page_reader(
    clients: Clients, wanted: Wanted, after: Mapping[str, str], rows: int
) -> Callable[[str], Coroutine[Any, Any, dict[str, Any]]]:
    """What reads the next page of an endpoint, of so many rows."""
    deleted = wanted.deleted or wanted.match.get("status", "").startswith("Delet")

    def read(endpoint: str) -> Coroutine[Any, Any, dict[str, Any]]:
        form = commands.listing(after[endpoint], rows, deleted=deleted, match=wanted.match)
        return clients.one(endpoint, form)

    return read


def endpoints(clients: Clients, endpoint: str | None = None, account: str | None = None) -> list[str]:
    """Name the endpoints to ask: one, those of an account (uid or name), or all at hand. Raises NoContext."""
    context = clients.context
    if endpoint is not None:
        return [endpoint]
    uids = {one.uid for one in context.accounts if account in {one.uid, one.name}} | {account}
    found = [one.id for one in context.at_hand if account is None or one.account in uids]
    if not found:
        of = "" if account is None else f" of account {account}"
        raise NoContext(f"{context.source} lists no endpoint{of} that may be asked from here.")
    return found


async def from_all(
    clients: Clients, ask: Callable[[str], Coroutine[Any, Any, T]], asked: Sequence[str]
) -> tuple[dict[str, T], list[dict[str, str]]]:
    """Ask these endpoints at the same time; return the answers, and who did not answer: none delays the others' long.

    All connect before one is asked: the first answers keep this program too busy to greet a broker in time.
    """
    opened = await asyncio.gather(*map(clients.client, asked), return_exceptions=True)
    closed = {one: error for one, error in zip(asked, opened, strict=True) if isinstance(error, BaseException)}
    questions = {one: ask(one) for one in asked if one not in closed}
    answers = {**closed, **await answers_of(questions, clients.late_seconds)}
    found: dict[str, T] = {}
    silent: list[dict[str, str]] = []
    for one in asked:
        answer = answers[one]
        if isinstance(answer, ClientError):
            silent.append({"endpoint": one, "code": answer.code, "sentence": answer.sentence})
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found[one] = answer
    return found, silent
