"""Tests of what the page says of all endpoints, and of workers that are silent meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from console.web.app import make_app
from console.web.page.breaker import Breaker
from console.web.page.live import Watch
from console.web.page.overview import Overview
from console.web.page.parts import CHOICE_ROWS, FEW, SILENT_NAMED, choice, part_of
from console.web.page.views import EndpointOnPage, OverviewOnPage
from console.web.site import Silent, Site
from shared.wire import commands
from tests.unit.console_world import World as Workers
from tests.unit.web_program import TOKEN, site_in, world_for_consoles
from tests.waiting import wait_for


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest_asyncio.fixture
async def site(workers: Workers, tmp_path: Path) -> AsyncIterator[Site]:
    assert workers.workers
    async with site_in(tmp_path) as site:
        yield site


async def test_a_worker_that_was_silent_delays_the_others_once_and_is_heard_again(site: Site, workers: Workers) -> None:
    """The first time it costs `LATE_SECONDS`; after that everybody else is answered much sooner."""

    async def heard() -> tuple[float, list[str]]:
        began = time.monotonic()
        answers = await site.heard()
        return time.monotonic() - began, [one.endpoint for one in answers if isinstance(one, Silent)]

    assert (await heard())[1] == []
    workers.silent.add("vpc-b")
    first, silent = await heard()
    assert silent == ["vpc-b"]
    later = [await heard() for _ in range(4)]
    assert [silent for _, silent in later] == [["vpc-b"]] * 4
    assert min(took for took, _ in later) < first
    workers.silent.discard("vpc-b")
    await wait_for(heard, 60.0, until=lambda found: found[1] == [])


def endpoints(count: int, accounts: int = 3) -> list[EndpointOnPage]:
    """So many endpoints in turns of these accounts; every tenth is silent, the others have two interfaces each."""
    return [
        EndpointOnPage(
            endpoint=f"vpc-{number}",
            account=f"account-{number % accounts}",
            region="",
            role="acceptor" if number % 2 else "initiator",
            answers=number % 10 != 0,
            error="",
            pid=None,
            statuses={"Activated": 1, "Idle": 1} if number % 10 else {},
            rejected=number % 2,
            killable=False,
            cut=[],
            cuttable=False,
        )
        for number in range(count)
    ]


def test_a_page_is_told_of_a_few_endpoints_all_and_of_many_what_it_shows() -> None:
    assert len(part_of("here", endpoints(FEW), ["vpc-7"]).endpoints) == FEW
    many = part_of("here", endpoints(300), ["vpc-7", "vpc-299", "vpc-elsewhere"])
    assert [one.endpoint for one in many.endpoints] == ["vpc-0", "vpc-1", "vpc-7", "vpc-299"]
    assert (many.total, many.silent, many.statuses) == (300, 30, {"Activated": 270, "Idle": 270})
    assert many.silent_first == [f"vpc-{10 * number}" for number in range(SILENT_NAMED)]
    assert part_of("here", [], []).endpoints == []


def test_what_a_page_is_told_of_many_endpoints_does_not_grow_with_them() -> None:
    small, large = (len(part_of("here", endpoints(count), ["vpc-7"]).model_dump_json()) for count in (100, 1000))
    assert large < small + 50


def test_endpoints_are_chosen_by_their_accounts_and_no_list_is_longer_than_a_page_has_room_for() -> None:
    groups = choice(endpoints(300), "")
    assert [(one.account, one.endpoints, one.silent) for one in groups.accounts] == [
        (f"account-{number}", 100, 10) for number in range(3)
    ]
    assert sum((Counter(one.statuses) for one in groups.accounts), Counter()) == {"Activated": 270, "Idle": 270}
    own = choice(endpoints(3 * CHOICE_ROWS + 12), "account-1")
    assert {one.account for one in own.endpoints} == {"account-1"}
    assert (len(own.endpoints), own.more) == (CHOICE_ROWS, 4)
    crowd = choice(endpoints(300, accounts=150), "")
    assert (len(crowd.accounts), crowd.more) == (CHOICE_ROWS, 50)
    assert [one.account for one in crowd.accounts] == [f"account-{number}" for number in range(CHOICE_ROWS)]


async def test_a_page_begins_with_what_is_known_of_all_endpoints_while_they_are_asked(
    site: Site, workers: Workers
) -> None:
    """Nobody is called silent before it was asked."""
    begun = asyncio.Event()

    class Waiting(Overview):
        async def look(self) -> Sequence[EndpointOnPage]:
            await begun.wait()
            return await super().look()

    workers.silent.add("vpc-b")
    told: list[dict[str, bool | None]] = []
    async with aclosing(Watch(Waiting(site, Breaker(site)), [None, None], 860).events(None)) as events:
        async for event in events:
            if isinstance(event.data, OverviewOnPage):
                told.append({one.endpoint: one.answers for one in event.data.endpoints})
                assert event.data.silent == len(told) - 1
                begun.set()
            if len(told) == 2:
                break
    assert told == [dict.fromkeys(("vpc-a", "vpc-c", "vpc-b")), {"vpc-a": True, "vpc-c": True, "vpc-b": False}]


async def test_a_search_finds_ids_names_peers_and_statuses_and_deleted_ones_only_by_that_word(site: Site) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(site, TOKEN)),
        base_url="http://127.0.0.1:8080",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:

        async def listed(text: str) -> list[str]:
            answer = await client.get("/page/interfaces", params={"endpoint": "vpc-a", "text": text})
            return [str(one["interface"]) for one in answer.json()["interfaces"]]

        async def elsewhere(text: str, but: str) -> tuple[list[str], list[str], int]:
            answer = (await client.get("/page/find", params={"text": text, "but": but})).json()
            places, ends = answer["endpoints"], answer["interfaces"]
            return [one["endpoint"] for one in places], [one["interface"] for one in ends], answer["silent"]

        to_b = commands.peer("ri-there", "vpc-b", "1002", "us-east")
        for create in (
            commands.create("ri-one", name="To the Office"),
            commands.create("ri-two", peer=to_b, initiate=True),
            commands.create("ri-gone"),
        ):
            await site.clients.one("vpc-a", create)
        await site.clients.one("vpc-a", commands.change("delete", "ri-gone"))
        assert await listed("") == ["ri-one", "ri-two"]
        assert (await listed("office"), await listed("VPC-B"), await listed("ri-o")) == (
            ["ri-one"],
            ["ri-two"],
            ["ri-one"],
        )
        assert (await listed("connecting"), await listed("deleted"), await listed("x")) == (["ri-two"], ["ri-gone"], [])
        assert await elsewhere("ri-", but="vpc-b") == ([], ["ri-one", "ri-two"], 0)
        assert await elsewhere("ri-", but="vpc-a") == ([], [], 0)
        assert await elsewhere("vpc-b", but="vpc-a") == (["vpc-b"], [], 0)
        page = (await client.get("/page/interfaces", params={"endpoint": "vpc-a"})).json()
        assert page["here"] == ["vpc-b"]
