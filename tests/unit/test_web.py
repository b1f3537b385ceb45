"""Tests of the web server: alive, ready, what is missing behind it, and the socket that it listens on."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console.faults.remote import ADDRESS_FILE, told
from console.web.app import make_app
from console.web.cloud.cloud import cloud_of
from console.web.errors import CannotListen
from console.web.listening import Listen, bound, listen_at, url_of
from console.web.serving import serving
from tests.unit.console_world import World
from tests.unit.web_program import TOKEN, browser, site_in, world_for_consoles


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest.mark.usefixtures("world")
async def test_ready_means_that_every_worker_answers(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, browser(site) as client:
        assert (await client.get("/_peering/health")).json() == {"status": "ok"}
        ready = await client.get("/_peering/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert set(ready.json()["workers"]) == {"vpc-a", "vpc-b", "vpc-c"}


async def test_a_worker_that_is_away_is_named_and_the_process_is_alive_all_the_same(
    world: World, tmp_path: Path
) -> None:
    world.absent.add("vpc-b")
    async with site_in(tmp_path) as site, browser(site) as client:
        ready = await client.get("/_peering/ready")
        assert ready.status_code == 503
        assert [(one["endpoint"], one["code"]) for one in ready.json()["silent"]] == [("vpc-b", "NoRoute")]
        assert (await client.get("/_peering/health")).status_code == 200
        scraped = (await client.get("/metrics")).text
        assert 'peering_worker_up{endpoint="vpc-b"} 0.0' in scraped
        assert 'peering_worker_up{endpoint="vpc-a"} 1.0' in scraped


async def test_a_worker_that_answers_and_cannot_read_a_queue_is_not_ready(world: World, tmp_path: Path) -> None:
    world.conditions["vpc-b"].unread = {"1001": "no such queue"}
    async with site_in(tmp_path) as site, browser(site) as client:
        ready = await client.get("/_peering/ready")
        assert (ready.status_code, ready.json()["ready"], ready.json()["silent"]) == (503, False, [])
        (lacking,) = ready.json()["lacking"]
        assert lacking == {
            "endpoint": "vpc-b",
            "code": "WorkerLacking",
            "sentence": "It cannot read what 1001 says to it: no such queue",
        }
        scraped = (await client.get("/metrics")).text
        assert 'peering_worker_healthy{endpoint="vpc-b"} 0.0' in scraped
        assert 'peering_worker_healthy{endpoint="vpc-a"} 1.0' in scraped


async def test_dead_letters_are_counted_by_reason_and_those_that_never_came_are_there_as_zero(
    world: World, tmp_path: Path
) -> None:
    world.conditions["vpc-b"].rejections["NotJson"] += 3
    async with site_in(tmp_path) as site, browser(site) as client:
        scraped = (await client.get("/metrics")).text
    assert 'peering_dead_letters_total{endpoint="vpc-b",reason="NotJson"} 3.0' in scraped
    assert 'peering_dead_letters_total{endpoint="vpc-a",reason="NotJson"} 0.0' in scraped


@pytest.mark.usefixtures("world")
async def test_a_person_gets_a_page_and_nothing_on_it_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, browser(site) as client:
        page = await client.get("/", headers={"Host": "127.0.0.1"})
        assert page.headers["content-type"].startswith("text/html")
        assert "https://" not in page.text
        assert (await client.get("/docs")).status_code == 404


@pytest.mark.usefixtures("world")
async def test_it_serves_on_a_real_socket_and_ends_when_told(tmp_path: Path) -> None:
    with bound(Listen(port=0)) as listening:
        url = url_of(listening)
        async with (
            site_in(tmp_path) as site,
            cloud_of(site) as cloud,
            serving(make_app(site, TOKEN, cloud), listening),
            httpx.AsyncClient(timeout=60) as client,
        ):
            assert (await client.get(f"{url}/_peering/health")).status_code == 200
    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))) as again:
        assert again.getsockname()


def test_of_two_consoles_in_one_folder_commands_talk_to_the_first_and_it_alone_takes_its_address_away(
    tmp_path: Path,
) -> None:
    def address() -> str:
        return str(json.loads((tmp_path / ADDRESS_FILE).read_text())["url"])

    with told(tmp_path, "http://first", "secret"):
        with told(tmp_path, "http://second", "secret"):
            assert address() == "http://first"
        assert address() == "http://first"
    assert not (tmp_path / ADDRESS_FILE).exists()
    (tmp_path / ADDRESS_FILE).write_text('{"url": "http://killed", "token": "secret"}')
    with told(tmp_path, "http://third", "secret"):
        assert address() == "http://third"


def test_a_port_that_nobody_chose_may_be_another_and_a_chosen_one_may_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with bound(Listen(port=port)) as listening:
            assert listening.getsockname()[1] != port
        with (
            pytest.raises(CannotListen, match=f"127.0.0.1:{port} cannot be listened on"),
            bound(listen_at(f"127.0.0.1:{port}")),
        ):
            pytest.fail("it was taken")
    with pytest.raises(CannotListen), bound(listen_at("127.0.0.1:99999")):
        pytest.fail("there is no such port")


def test_no_answer_waits_for_an_acknowledgement_of_its_first_half() -> None:
    with bound(Listen(port=0)) as listening, socket.create_connection(listening.getsockname()[:2]) as client:
        accepted, _ = listening.accept()
        with accepted:
            assert client.getpeername() == accepted.getsockname()
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_is_read_with_its_host() -> None:
    assert listen_at(None) == ("127.0.0.1", 8080, False)
    assert listen_at("[::1]:80") == ("::1", 80, True)
