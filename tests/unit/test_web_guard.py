"""Tests of the guard before all routes: token, host, origin and length, decided before any body is read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from console.web.access_token import FILE_NAME, VARIABLE, take_token, token_in
from console.web.app import make_app
from console.web.cloud.cloud import cloud_of
from console.web.errors import TokenRefused
from console.web.guard import BODY_LIMIT_BYTES
from console.web.listening import listen_at
from tests.unit.console_world import World
from tests.unit.web_program import BEARER, TOKEN, site_in, world_for_consoles

ADDRESS = "127.0.0.1:8080"
COOKIE = {"Cookie": f"peering-8080={TOKEN}"}
FROM_PAGE = {"Origin": f"http://{ADDRESS}", "X-Peering-Page": "1", "Content-Type": "application/json", **COOKIE}
READING = ("/page/interfaces?endpoint=vpc-a", "/page/events", "/_peering/ready", "/_peering/rules", "/metrics")
CHANGING = ("/page/act", "/_peering/rules", "/_peering/seed", "/_peering/reset")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest_asyncio.fixture
async def app(world: World, tmp_path: Path) -> AsyncIterator[FastAPI]:
    assert world.workers
    async with site_in(tmp_path) as site, cloud_of(site) as cloud:
        yield make_app(site, TOKEN, cloud, "peering.lan")


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A stranger, who knows nothing but the address."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{ADDRESS}") as client:
        yield client


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": f"peering-8080={TOKEN}x"}])
async def test_a_stranger_reads_and_changes_nothing(client: httpx.AsyncClient, given: dict[str, str]) -> None:
    assert (await client.get("/", headers=given)).status_code == 401
    assert (await client.get("/?token=wrong", headers=given)).status_code == 401
    for path in READING:
        assert (await client.get(path, headers=given)).status_code == 401, path
    for path in CHANGING:
        assert (await client.post(path, json={}, headers={**FROM_PAGE, "Cookie": "", **given})).status_code == 401, path


async def test_whether_it_is_alive_anybody_may_ask_and_a_signed_call_needs_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/_peering/health")).status_code == 200
    answer = await client.post("/", params={"Action": "DescribeVpcs", "Version": "2016-04-28", "Format": "JSON"})
    assert (answer.status_code, answer.json()["Code"]) == (400, "MissingAccessKeyId")


async def test_a_program_comes_in_with_the_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/_peering/ready", headers=BEARER)).status_code == 200
    assert (await client.get("/metrics", headers=BEARER)).status_code == 200
    assert (await client.post("/_peering/reset", headers=BEARER)).status_code == 200


async def test_the_printed_address_gives_a_browser_a_cookie_and_hides_the_token(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    said = answer.headers["set-cookie"]
    assert said.startswith(f"peering-8080={TOKEN};")
    assert "HttpOnly" in said
    assert "SameSite=strict" in said
    assert (await client.get("/")).status_code == 200
    assert (await client.get("/page/interfaces?endpoint=vpc-a")).json()["interfaces"] == []
    assert (await client.get("/_peering/openapi.json")).status_code == 200


async def test_a_browsers_cookie_changes_nothing_but_what_the_page_itself_asks_for(client: httpx.AsyncClient) -> None:
    wanted = {"do": "create", "endpoint": "vpc-a", "interface": "ri-a"}
    assert (await client.post("/_peering/reset", headers=FROM_PAGE)).status_code == 403
    assert (await client.post("/page/act", json=wanted, headers=COOKIE)).status_code == 403
    assert (await client.post("/page/act", json=wanted, headers=FROM_PAGE)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/_peering/health", "/_peering/ready", "/_peering/rules", "/metrics"])
async def test_a_name_that_somebody_else_gives_out_is_answered_nothing(client: httpx.AsyncClient, path: str) -> None:
    for host, status in (("rebound.example", 403), ("", 403), ("[::1", 403), ("peering.lan:8080", 200)):
        headers = {**BEARER, **COOKIE, "Host": host}
        assert (await client.get(path, headers=headers)).status_code == status, host


@pytest.mark.parametrize("path", ["/metrics", "/_peering/health"])
async def test_a_cookie_that_is_made_to_take_long_takes_no_time(client: httpx.AsyncClient, path: str) -> None:
    """Before Python 3.11.10 and 3.12.6 `http.cookies` takes minutes for so many backslashes (CVE-2024-7592)."""
    began, slow = time.process_time(), "\\" * 20_000
    for name in ("peering-8080", "another"):
        await client.get(path, headers={"Cookie": f'{name}="{slow}"'})
    assert time.process_time() - began < 2
    assert (await client.get("/metrics", headers={"Cookie": f"a=b;peering-8080={TOKEN} ; c"})).status_code == 200


async def unread() -> dict[str, Any]:
    raise AssertionError("the body was read")


async def answered(app: FastAPI, path: str, headers: dict[str, str], receive: Any) -> int:  # noqa: ANN401 - as in ASGI
    """Ask without a client between, which would read the body itself."""
    said: list[dict[str, Any]] = []

    async def send(message: Any) -> None:  # noqa: ANN401 - as in ASGI
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in {"Host": ADDRESS, **headers}.items()],
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    return int(said[0]["status"])


@pytest.mark.parametrize("path", CHANGING)
async def test_who_may_not_come_in_is_told_so_before_the_body_is_read(app: FastAPI, path: str) -> None:
    assert await answered(app, path, {"Content-Type": "application/json"}, unread) == 401
    assert await answered(app, path, {**FROM_PAGE, "Origin": "http://evil.example"}, unread) == 403
    assert await answered(app, path, {**BEARER, "Host": "evil.example"}, unread) == 403


@pytest.mark.parametrize("path", ["/", *CHANGING])
async def test_a_body_that_says_that_it_is_too_long_is_not_read(app: FastAPI, path: str) -> None:
    headers = {**BEARER, "Content-Length": str(BODY_LIMIT_BYTES + 1)}
    assert await answered(app, path, headers, unread) == 413


@pytest.mark.parametrize("path", ["/", "/page/act", "/_peering/rules", "/_peering/seed"])
async def test_a_body_that_does_not_say_how_long_it_is_is_counted(app: FastAPI, path: str) -> None:
    pieces = 0

    async def receive() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    headers = FROM_PAGE if path == "/page/act" else {**BEARER, "Content-Type": "application/json"}
    assert await answered(app, path, headers, receive) == 413
    assert pieces == BODY_LIMIT_BYTES // 65_536 + 1


def test_a_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    token = token_in(tmp_path)
    assert len(token) >= 43
    assert token_in(tmp_path) == token
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [FILE_NAME]  # noqa: PTH208 - names, and nothing else
    (tmp_path / "other").mkdir()
    assert token_in(tmp_path / "other") != token


def test_an_environments_token_takes_the_place_of_the_folders(tmp_path: Path) -> None:
    made = token_in(tmp_path)
    take_token(tmp_path, {})
    assert token_in(tmp_path) == made
    chosen = "chosen" * 6
    take_token(tmp_path, {VARIABLE: chosen})
    assert token_in(tmp_path) == chosen
    for wrong in ("short", "long" * 300, "\u0101" * 40, "two\nlines" * 8):
        with pytest.raises(TokenRefused, match=f"{VARIABLE} is no token") as refused:
            take_token(tmp_path, {VARIABLE: wrong})
        assert wrong not in str(refused.value)
    assert token_in(tmp_path) == chosen


def test_a_token_that_somebody_else_could_know_or_have_placed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    token_in(tmp_path)
    path.chmod(0o640)
    with pytest.raises(TokenRefused, match=f"{path} must be a file of yours that nobody else can read"):
        token_in(tmp_path)
    kept = path.rename(tmp_path / "elsewhere")
    path.symlink_to(kept)
    with pytest.raises(TokenRefused, match=f"{path} cannot be read"):
        token_in(tmp_path)
    path.unlink()
    path.touch(mode=0o600)
    with pytest.raises(TokenRefused, match=f"{path} holds no token"):
        token_in(tmp_path)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1:80", True), ("[::1]:80", True), ("localhost:80", True), ("0.0.0.0:80", False), ("host.lan:80", False)],
)
def test_which_address_only_this_machine_reaches(address: str, loopback: bool) -> None:  # noqa: FBT001 - an example
    assert listen_at(address).is_loopback is loopback
