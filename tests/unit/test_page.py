"""Tests of the page: what it refuses, which matters most because it holds every owner's password, and what it shows."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.sse import ServerSentEvent

from console.client.clients import Located
from console.web.app import make_app
from console.web.guard import is_own_name
from console.web.page import routes
from console.web.page.breaker import Breaker
from console.web.page.live import Watch
from console.web.page.overview import LOOK_SECONDS, Overview
from console.web.page.views import ConnectionOnPage, OverviewOnPage
from console.web.site import Site
from tests.unit.console_world import World as Workers
from tests.unit.web_program import TOKEN, site_in, world_for_consoles
from tests.waiting import wait_for

ADDRESS = "127.0.0.1:8080"
COOKIE = {"peering-8080": TOKEN}
OURS = {"Origin": f"http://{ADDRESS}", "X-Peering-Page": "1"}
LEFT, RIGHT = Located("ri-a", "vpc-a"), Located("ri-b", "vpc-b")


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest_asyncio.fixture
async def site(workers: Workers, tmp_path: Path) -> AsyncIterator[Site]:
    assert workers.workers
    async with site_in(tmp_path) as site:
        yield site


@pytest_asyncio.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(site, TOKEN))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{ADDRESS}", cookies=COOKIE) as client:
        yield client


async def act(client: httpx.AsyncClient, do: str, place: str, **more: str) -> dict[str, Any]:
    interface, _, endpoint = place.partition("@")
    named = {} if do in {"kill", "cut", "mend"} else {"interface": interface}
    answer = await client.post("/page/act", json={"do": do, "endpoint": endpoint, **named, **more}, headers=OURS)
    said: dict[str, Any] = answer.json()
    assert answer.status_code == {"done": 200, "refused": 409, "failed": 503}.get(said.get("outcome", ""), 422), said
    return said


async def connect(client: httpx.AsyncClient) -> None:
    await act(client, "create", "ri-a@vpc-a")
    await act(client, "create", "ri-b@vpc-b")
    await act(client, "configure", "ri-a@vpc-a", peer="ri-b@vpc-b")
    await act(client, "configure", "ri-b@vpc-b", peer="ri-a@vpc-a")
    await act(client, "initiate", "ri-a@vpc-a")


async def test_each_column_acts_under_its_own_account_and_shows_refusals(client: httpx.AsyncClient) -> None:
    created = await act(client, "create", "ri-a@vpc-a", name="office")
    assert (created["interface"], created["status"]) == ("ri-a", "Idle")
    assert (await act(client, "initiate", "ri-a@vpc-a"))["code"] == "PeerNotConfigured"
    await connect(client)
    assert (await act(client, "initiate", "ri-b@vpc-b"))["code"] == "NotInitiator"
    assert (await act(client, "resume", "ri-a@vpc-a"))["code"] in {"HeldByPeer", "IncorrectStatus"}
    assert (await act(client, "suspend", "ri-x@vpc-a"))["code"] == "UnknownInterface"
    assert (await act(client, "suspend", "ri-x@vpc-z"))["code"] == "NoContext"


async def test_what_is_not_an_action_is_not_done(client: httpx.AsyncClient) -> None:
    wrongs: list[object] = [
        {"do": "reset", "endpoint": "vpc-a"},
        {"do": "suspend"},
        {"do": "kill", "endpoint": "../x"},
        [],
    ]
    for wrong in wrongs:
        assert (await client.post("/page/act", json=wrong, headers=OURS)).status_code == 422
    assert (await act(client, "kill", "@vpc-a"))["code"] == "NotSupervised"
    assert (await act(client, "cut", "@vpc-a", target="vpc-b"))["code"] == "NoSuchWire"


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:9999"},
        {"X-Peering-Page": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Host": "evil.example:8080", "Origin": "http://evil.example:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_other_site_can_change_anything(client: httpx.AsyncClient, changed: dict[str, str]) -> None:
    headers = {**OURS, "Content-Type": "application/json", **changed}
    body = '{"do": "create", "endpoint": "vpc-a", "interface": "ri-a"}'
    assert (await client.post("/page/act", content=body, headers=headers)).status_code == 403
    listed = (await client.get("/page/interfaces?endpoint=vpc-a")).json()
    assert listed["interfaces"] == []


@pytest.mark.parametrize("path", ["/", "/page/interfaces?endpoint=vpc-a", "/page/files/page.js", "/page/events"])
async def test_a_name_that_somebody_else_gives_out_is_not_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"Host": "rebound.example"})).status_code == 403


async def test_another_site_may_link_here_and_read_nothing(client: httpx.AsyncClient) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert (await client.get("/", headers=elsewhere)).status_code == 200
    assert (await client.get("/page/interfaces?endpoint=vpc-a", headers=elsewhere)).status_code == 403


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("192.168.1.7", True),
        ("localhost:1", True),
        ("a.localhost", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.nip.io", False),
        ("", False),
        ("[::1", False),
        ("user@127.0.0.1.evil", False),
    ],
)
def test_whose_name_a_host_is(host: str, own: bool) -> None:  # noqa: FBT001 - an example
    assert is_own_name(host) is own


async def test_every_answer_forbids_what_comes_from_elsewhere(client: httpx.AsyncClient) -> None:
    paths = [
        "/",
        "/page/drawing.css",
        "/page/interfaces?endpoint=vpc-a",
        *(f"/page/files/{one}" for one in routes.FILES),
    ]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), path
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("../routes.py", "%2e%2e/routes.py", "routes.py", "x"):
        assert (await client.get(f"/page/files/{name}")).status_code == 404, name


def test_the_page_is_made_of_its_own_files_and_nothing_in_it_is_markup_from_elsewhere() -> None:
    texts = {name: (files("console.web.page") / "static" / name).read_text(encoding="utf-8") for name in routes.FILES}
    for name, text in texts.items():
        without_namespace = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import|url\(", without_namespace), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text), (
            name
        )
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script>|<style", texts["index.html"])


async def test_a_list_is_told_a_page_at_a_time(client: httpx.AsyncClient) -> None:
    for number in range(routes.LIST_ROWS + 5):
        await act(client, "create", f"ri-{number:04}@vpc-a")
    first = (await client.get("/page/interfaces?endpoint=vpc-a")).json()
    assert len(first["interfaces"]) == routes.LIST_ROWS
    rest = (await client.get(f"/page/interfaces?endpoint=vpc-a&after={first['next']}")).json()
    assert [one["interface"] for one in rest["interfaces"]] == [f"ri-{50 + n:04}" for n in range(5)]
    assert rest["next"] is None


def watch(site: Site, known: str | None = None) -> AsyncGenerator[ServerSentEvent]:
    return Watch(Overview(site, Breaker(site)), [LEFT, RIGHT], 860).events(known)


async def connection_when(events: AsyncIterator[ServerSentEvent], *statuses: str) -> tuple[str, ConnectionOnPage]:
    """The first state in which both ends show these."""
    async for event in events:
        state = event.data
        if isinstance(state, ConnectionOnPage):
            views = [side.view for side in state.columns]
            if [view.status if view else "" for view in views] == list(statuses):
                return event.id or "", state
    raise AssertionError("the stream ended")


async def test_the_whole_state_comes_first_and_then_each_new_one(client: httpx.AsyncClient, site: Site) -> None:
    async with aclosing(watch(site)) as events:
        _, empty = await connection_when(events, "", "")
        assert empty.columns[0].error == "There is no such interface on this endpoint."
        await connect(client)
        _, up = await connection_when(events, "Activated", "Activated")
        assert up.link is True
        await act(client, "send", "ri-a@vpc-a", body="hello")
        async for event in events:
            if isinstance(event.data, ConnectionOnPage) and event.data.columns[1].inbox:
                assert event.data.columns[1].inbox[0].body == "hello"
                break


async def test_who_has_the_present_state_is_told_nothing_and_who_missed_something_all_of_it(
    client: httpx.AsyncClient, site: Site
) -> None:
    await connect(client)
    async with aclosing(watch(site)) as events:
        known, _ = await connection_when(events, "Activated", "Activated")
    told: object = None
    while not isinstance(told, OverviewOnPage):  # a state that is another is told first, until it rests
        async with aclosing(watch(site, known)) as events:
            event = await anext(events)
            told, known = event.data, event.id or known
    await act(client, "suspend", "ri-b@vpc-b")
    async with aclosing(watch(site, known)) as events:
        _, state = await connection_when(events, "Suspended", "Suspended")
        assert "suspended by account 1002" in state.sentence


async def test_a_worker_that_is_away_is_told_beside_the_last_that_was_seen_of_it(
    client: httpx.AsyncClient, site: Site, workers: Workers
) -> None:
    await connect(client)
    site.clients.patience_seconds = 0.2
    async with aclosing(watch(site)) as events:
        await connection_when(events, "Activated", "Activated")
        workers.silent.add("vpc-b")
        async for event in events:
            if isinstance(event.data, ConnectionOnPage) and event.data.columns[1].error:
                assert event.data.link is None
                assert event.data.sentence.startswith("ri-a is Activated, but the peer is silent: ")
                assert event.data.columns[1].view is not None
                break


async def test_a_worker_that_is_back_is_noticed_soon_however_long_it_was_waited_for(
    site: Site, workers: Workers
) -> None:
    site.clients.patience_seconds = 0.3
    overview = Overview(site, Breaker(site))
    workers.silent.add("vpc-b")

    async def answers() -> bool:
        return next(one.answers is True for one in await overview.look() if one.endpoint == "vpc-b")

    assert not await answers()
    workers.silent.discard("vpc-b")
    await wait_for(answers, 2 * LOOK_SECONDS)


async def test_no_name_and_no_payload_is_ever_markup(client: httpx.AsyncClient, site: Site) -> None:
    nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    await act(client, "create", "ri-a@vpc-a", name=nasty)
    await connect(client)
    await act(client, "send", "ri-a@vpc-a", body=nasty)
    async with aclosing(watch(site)) as events:
        _, state = await connection_when(events, "Activated", "Activated")
    assert "<script" not in state.drawing
    assert "<img" not in state.drawing


async def test_of_an_end_that_was_not_chosen_only_what_the_other_one_knows_is_shown(
    client: httpx.AsyncClient, site: Site
) -> None:
    await connect(client)
    async with aclosing(Watch(Overview(site, Breaker(site)), [None, RIGHT], 360).events(None)) as events:
        _, state = await connection_when(events, "", "Activated")
    assert state.columns[0].place == ""
    assert "not asked" in state.drawing
    assert "ri-a" in state.drawing
    assert state.link is None


async def test_only_so_many_pages_are_open_at_the_same_time(site: Site, client: httpx.AsyncClient) -> None:
    app = make_app(site, TOKEN)
    app.state.page = Overview(site, Breaker(site), streams=1000)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{ADDRESS}", cookies=COOKIE) as crowded:
        assert (await crowded.get("/page/events")).status_code == 503
    assert (await client.get("/page/events?left=nonsense")).status_code == 422
