"""The parts of the overview that one page shows: all endpoints while they are few; beyond that what it asks for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Final

from console.web.page.views import AccountOnPage, Choice, EndpointOnPage, OverviewOnPage

FEW: Final = 50
"""So many endpoints are all told of, and chosen from a plain list."""
CHOICE_ROWS: Final = 100
SILENT_NAMED: Final = 5


def part_of(source: str, endpoints: Sequence[EndpointOnPage], seen: Collection[str]) -> OverviewOnPage:
    """Tell a page of the endpoints that it shows; where nothing was chosen it begins with the first of each role."""
    silent = [one.endpoint for one in endpoints if one.answers is False]
    return OverviewOnPage(
        source=source,
        total=len(endpoints),
        silent=len(silent),
        silent_first=silent[:SILENT_NAMED],
        statuses=_counted(endpoints),
        rejected=sum(one.rejected for one in endpoints),
        endpoints=list(endpoints if len(endpoints) <= FEW else _shown(endpoints, seen)),
    )


def _shown(endpoints: Sequence[EndpointOnPage], seen: Collection[str]) -> Iterable[EndpointOnPage]:
    firsts = {next((one.endpoint for one in endpoints if one.role == role), "") for role in ("initiator", "acceptor")}
    return (one for one in endpoints if one.endpoint in seen or one.endpoint in firsts)


def choice(endpoints: Sequence[EndpointOnPage], account: str) -> Choice:
    """Offer the accounts, or the endpoints of one, as many as a list has room for."""
    if account:
        own = [one for one in endpoints if one.account == account]
        return Choice(accounts=[], endpoints=own[:CHOICE_ROWS], more=max(0, len(own) - CHOICE_ROWS))
    owned: dict[str, list[EndpointOnPage]] = {}
    for one in endpoints:
        owned.setdefault(one.account, []).append(one)
    groups = [_group(owner, own) for owner, own in islice(sorted(owned.items(), key=_by_numbers), CHOICE_ROWS)]
    return Choice(accounts=groups, endpoints=[], more=max(0, len(owned) - CHOICE_ROWS))


def _by_numbers(owned: tuple[str, object]) -> list[tuple[int, str]]:
    """The order of names as people count: numbers in them by their value."""
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", owned[0])]


def _group(account: str, own: Sequence[EndpointOnPage]) -> AccountOnPage:
    silent = sum(one.answers is False for one in own)
    return AccountOnPage(account=account, endpoints=len(own), silent=silent, statuses=_counted(own))


def _counted(endpoints: Iterable[EndpointOnPage]) -> dict[str, int]:
    statuses: Counter[str] = Counter()
    for one in endpoints:
        statuses.update(one.statuses)
    return dict(statuses.most_common())
