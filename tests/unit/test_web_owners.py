"""Tests of what owners do over HTTP: the same as by commands, with the same codes, and every route is guarded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from console.client import following
from console.web.app import described_app, make_app
from console.web.cloud.cloud import cloud_of
from tests.unit.console_world import World
from tests.unit.web_program import BEARER, TOKEN, browser, site_in, world_for_consoles

PEERING = "/_peering"
A, B = "ri-a@vpc-a", "ri-b@vpc-b"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.02)
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest_asyncio.fixture
async def client(world: World, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    assert world.workers
    async with site_in(tmp_path) as site, browser(site) as made:
        yield made


async def done(client: httpx.AsyncClient, method: str, path: str, **what: Any) -> Any:  # noqa: ANN401 - JSON
    answer = await client.request(method, PEERING + path, **what)
    assert answer.is_success, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, method: str, path: str, **what: Any) -> tuple[int, str]:  # noqa: ANN401
    answer = await client.request(method, PEERING + path, **what)
    return answer.status_code, answer.json()["detail"]["code"]


async def made(client: httpx.AsyncClient) -> None:
    """Two ends that name each other."""
    for name, endpoint in (("ri-a", "vpc-a"), ("ri-b", "vpc-b")):
        created = await done(client, "POST", "/interfaces", json={"endpoint": endpoint, "interface": name})
        assert created == {"interface": name, "endpoint": endpoint, "status": "Idle"}
    await done(client, "PUT", f"/interfaces/{A}/peer", json={"peer": B})
    await done(client, "PUT", "/interfaces/ri-b/peer", json={"peer": A, "account": "alice", "region": "cn-hangzhou"})


async def test_the_cross_account_story_over_http(client: httpx.AsyncClient) -> None:
    assert [one["name"] for one in await done(client, "GET", "/accounts")] == ["alice", "bob"]
    assert (await done(client, "GET", "/accounts"))[0]["key"]["secret"]
    known = await done(client, "GET", "/endpoints")
    assert (known[0]["endpoint"], known[0]["role"]) == ("vpc-a", "initiator")
    await made(client)
    assert "peering initiate ri-a" in (await done(client, "GET", f"/interfaces/{A}/why"))["sentence"]
    assert (await done(client, "POST", "/interfaces/ri-a/initiate"))["interface"] == "ri-a"
    for name in (A, B):
        waited = await done(client, "GET", f"/interfaces/{name}/wait", params={"status": "Activated"})
        assert waited["status"] == "Activated"
    both = await done(client, "GET", f"/interfaces/{B}")
    assert (both["link"], both["own"]["status"], both["other"]["interface"]) == (True, "Activated", "ri-a")
    assert (await done(client, "POST", f"/interfaces/{A}/payloads", json={"body": "hello"}))["number"] == 1
    arrived = await done(client, "GET", f"/interfaces/{B}/payloads")
    assert [one["body"] for one in arrived["payloads"]] == ["hello"]
    assert (await done(client, "GET", f"/interfaces/{B}/payloads?after={arrived['payloads'][0]['row']}"))[
        "payloads"
    ] == []
    await done(client, "POST", f"/interfaces/{B}/suspend")
    await done(client, "POST", f"/interfaces/{B}/resume")
    await done(client, "POST", f"/interfaces/{A}/delete")
    listed = await done(client, "GET", "/interfaces")
    assert ([one["interface"] for one in listed["interfaces"]], listed["silent"]) == (["ri-b"], [])
    deleted = await done(client, "GET", "/interfaces", params={"deleted": True, "endpoint": "vpc-a"})
    assert [one["interface"] for one in deleted["interfaces"]] == ["ri-a"]
    for wanted in ({"account": "bob"}, {"peer": "ri-a"}, {"text": "vpc-a"}, {"limit": 1}):
        found = await done(client, "GET", "/interfaces", params=wanted)
        assert ([one["interface"] for one in found["interfaces"]], found["more"]) == (["ri-b"], False)
    assert (await done(client, "GET", "/interfaces", params={"status": "Idle"}))["interfaces"] == []


async def test_a_refusal_has_the_code_of_the_command(client: httpx.AsyncClient) -> None:
    await made(client)
    assert await refused(client, "POST", f"/interfaces/{B}/initiate") == (409, "NotInitiator")
    assert await refused(client, "POST", f"/interfaces/{A}/payloads", json={"body": "early"}) == (409, "NotActivated")
    assert await refused(client, "POST", "/interfaces/ri-nobody/suspend") == (404, "UnknownInterface")
    assert await refused(client, "GET", "/interfaces/ri-nobody@vpc-a/why") == (404, "UnknownInterface")
    assert await refused(client, "POST", "/interfaces", json={"endpoint": "vpc-z"}) == (404, "UnknownEndpoint")
    same = {"from": "vpc-a", "to": "vpc-b"}
    assert await refused(client, "POST", "/connections", json=same) == (409, "NotOwner")
    assert await refused(client, "GET", "/events?interface=ri-nobody") == (404, "UnknownInterface")
    for path in ("/interfaces/ri-A", f"/interfaces/{A}/trace?form=gif", f"/interfaces/{A}/wait?status=Up"):
        assert (await client.get(PEERING + path)).status_code == 422
    assert (await client.post(f"{PEERING}/interfaces/{A}/explode")).status_code == 422


async def test_a_worker_that_is_away_is_told_so(world: World, client: httpx.AsyncClient) -> None:
    world.absent.add("vpc-b")
    assert await refused(client, "POST", "/interfaces", json={"endpoint": "vpc-b"}) == (503, "NoRoute")
    listed = await done(client, "GET", "/interfaces")
    assert [(one["endpoint"], one["code"]) for one in listed["silent"]] == [("vpc-b", "NoRoute")]


async def test_a_wait_that_is_in_vain_says_how_things_stand(client: httpx.AsyncClient) -> None:
    await made(client)
    answer = await client.get(f"{PEERING}/interfaces/{A}/wait?status=Activated&timeout_seconds=0.1")
    assert (answer.status_code, answer.json()["detail"]["code"]) == (504, "TimedOut")
    assert "ri-a is Idle and not Activated after 0.1 s." in answer.json()["detail"]["sentence"]


async def test_both_ends_of_one_account_in_one_call(client: httpx.AsyncClient) -> None:
    both = await done(client, "POST", "/connections", json={"from": "vpc-a", "to": "vpc-c", "name": "twins"})
    assert (both["link"], both["initiator"]["endpoint"], both["acceptor"]["name"]) == (True, "vpc-a", "twins")


@pytest.mark.parametrize(("form", "begins"), [("svg", "<svg"), ("mmd", "sequenceDiagram"), ("json", "{"), ("txt", "")])
async def test_a_connection_is_drawn(client: httpx.AsyncClient, form: str, begins: str) -> None:
    await made(client)
    await done(client, "POST", f"/interfaces/{A}/initiate")
    drawn = await client.get(f"{PEERING}/interfaces/{A}/trace", params={"form": form})
    assert drawn.status_code == 200
    assert drawn.text.lstrip().startswith(begins)
    assert "ri-b" in drawn.text


async def test_everything_that_happens_after_a_stream_says_that_it_watches_is_in_it(
    world: World, tmp_path: Path
) -> None:
    """Over the application itself: httpx's own transport hands a stream on only once it has ended."""
    async with site_in(tmp_path) as site, cloud_of(site) as cloud, browser(site) as client:
        await made(client)
        said: asyncio.Queue[bytes] = asyncio.Queue()
        over = asyncio.Event()

        async def send(message: Any) -> None:  # noqa: ANN401 - as in ASGI
            await said.put(message.get("body", b""))

        async def receive() -> dict[str, Any]:
            await over.wait()
            return {"type": "http.disconnect"}

        scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
        scope |= {"path": f"{PEERING}/events", "raw_path": b"", "root_path": "", "scheme": "http"}
        scope |= {"query_string": b"interface=ri-a", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 1)}
        headers = {"host": "127.0.0.1", "authorization": BEARER["Authorization"]}
        app = make_app(site, TOKEN, cloud)
        streaming = asyncio.create_task(
            app({**scope, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}, receive, send)
        )
        text = ""

        async def until(what: str) -> None:
            nonlocal text
            while what not in text:
                text += (await asyncio.wait_for(said.get(), 60)).decode()

        await until("event: watching")
        await done(client, "POST", f"/interfaces/{A}/initiate")
        await until('"interface":"ri-b","was":"Accepting"')
        rows = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith('data: {"')]
        assert ("vpc-a", "Idle", "Connecting") in [(one["endpoint"], one["was"], one["status"]) for one in rows]
        over.set()
        await asyncio.wait_for(streaming, 60)
    assert world.workers


def test_every_route_is_described() -> None:
    paths = described_app().openapi()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {one for one in every_route() if one[1].startswith(PEERING)} <= described | {
        ("GET", f"{PEERING}/openapi.json")
    }


def every_route() -> list[tuple[str, str]]:
    """Every method and path of the application, those that are in no description among them."""

    def walked(routes: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - routers of two libraries
        for route in routes:
            inside = getattr(route, "original_router", None)
            if inside is not None:
                yield from walked(inside.routes)
            else:
                yield from ((method, route.path) for method in sorted(route.methods - {"HEAD"}))

    return list(walked(described_app().routes))


FILLED = {
    "{interface}": "ri-a",
    "{verb}": "delete",
    "{number}": "1",
    "{name}": "third-message-lost",
    "{wanted}": "0123456789abcdef",
}


def filled(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(name, value)
    assert "{" not in path, f"give {path} its values in FILLED"
    return path


FROM_PAGE = {"Origin": "http://127.0.0.1", "X-Peering-Page": "1", "Content-Type": "application/json"}
STRANGERS: dict[str, dict[str, str]] = {
    "nobody": {},
    "another page with the token": {**BEARER, "Origin": "http://evil.example"},
    "another site's request": {**BEARER, "Sec-Fetch-Site": "cross-site"},
    "a rebound name": {**BEARER, "Host": "evil.example"},
    "a browser's cookie from elsewhere": {**FROM_PAGE, "Cookie": f"peering={TOKEN}", "Origin": "http://evil.example"},
}


@pytest.mark.parametrize(("method", "path"), [one for one in every_route() if one[0] != "GET"])
async def test_no_stranger_changes_anything_by_any_route(client: httpx.AsyncClient, method: str, path: str) -> None:
    await made(client)
    async with httpx.AsyncClient(transport=client._transport, base_url="http://127.0.0.1") as stranger:
        for who, headers in STRANGERS.items():
            answer = await stranger.request(method, filled(path), headers=headers, json={})
            assert answer.status_code in {401, 403}, (who, answer.text)
        if not path.startswith("/page/"):
            own_page = {**FROM_PAGE, "Cookie": f"peering={TOKEN}"}
            assert (await stranger.request(method, filled(path), headers=own_page, json={})).status_code == 403


@pytest.mark.parametrize("path", [path for method, path in every_route() if method == "GET"])
async def test_no_stranger_reads_anything_by_any_route(client: httpx.AsyncClient, path: str) -> None:
    async with httpx.AsyncClient(transport=client._transport, base_url="http://127.0.0.1") as stranger:
        for who in ("nobody", "a rebound name"):
            answer = await stranger.get(filled(path), headers=STRANGERS[who])
            open_to_all = path == f"{PEERING}/health" and who == "nobody"
            assert answer.status_code in ({200} if open_to_all else {401, 403}), who


def test_the_walk_over_the_routes_sees_them_all() -> None:
    seen = every_route()
    assert len(seen) >= 38
    assert {("POST", "/page/act"), ("POST", f"{PEERING}/reset"), ("DELETE", f"{PEERING}/faults/{{number}}")} <= set(
        seen
    )
