"""Tests of a real server's limits: memory under endless bodies, descriptors under half-open connections, its port."""

from __future__ import annotations

import http.client
import os
import resource
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from console.web.connections import ANSWER_SECONDS, HEADERS_SECONDS
from console.web.guard import BODY_LIMIT_BYTES
from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    PEERING,
    REPOSITORY,
    peering_up,
    read_until,
    running_with,
    surroundings,
    type_command,
)
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT: Final = REPOSITORY / "examples" / "cross-account.yaml"
NO_BROKER: Final = "broker: {url: 'amqp://127.0.0.1:1/peering'}\n"
PIECE: Final = b"x" * 65_536
FLOOD_BYTES: Final = 256 * 1024 * 1024
SPARE_BYTES: Final = 32 * 1024 * 1024
HALF_OPEN: Final = 1300
FEW_DESCRIPTORS: Final = 1024
FEW_CONNECTIONS: Final = 16
TERRAFORM_POLLS_SECONDS: Final = 5


@dataclass(frozen=True)
class Served:
    """A running `peering serve`, with no broker behind it."""

    program: subprocess.Popen[str]
    url: str
    token: str

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", int(self.url.rpartition(":")[2])

    @property
    def peak_bytes(self) -> int:
        """The most memory that it ever had."""
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))

    @property
    def descriptors(self) -> int:
        """How many files and connections it has open."""
        return len(os.listdir(f"/proc/{self.program.pid}/fd"))  # noqa: PTH208 - a count


def without_broker(folder: Path) -> Path:
    """A topology whose broker nobody answers for: the server does without until somebody asks for an end."""
    topology = folder / "topology.yaml"
    topology.write_text(NO_BROKER + CROSS_ACCOUNT.read_text().replace("- uid: ", "- password: x\n    uid: "))
    return topology


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    topology = without_broker(folder)
    command = [*PEERING, "serve", "--topology", str(topology), "--listen", "127.0.0.1:0"]
    command += ["--folder", str(folder / "peering"), "--json"]
    with subprocess.Popen(command, env=surroundings(), stdout=subprocess.PIPE, text=True) as program:
        try:
            ready = read_until(program, event="ready")
            yield Served(program, ready["url"], ready["token"])
        finally:
            program.terminate()
            program.communicate(timeout=LIMIT_SECONDS)


def flood(server: Served, path: str, headers: dict[str, str], *, chunked: bool) -> int:
    """Send a body of 256 MiB as far as it is taken; returns how many bytes that were."""
    length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(FLOOD_BYTES)}
    told = {"Host": server.url.removeprefix("http://"), "Content-Type": "application/json", **length, **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    piece = b"%x\r\n%s\r\n" % (len(PIECE), PIECE) if chunked else PIECE
    with socket.create_connection(server.address, timeout=LIMIT_SECONDS) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode())
        for count in range(FLOOD_BYTES // len(PIECE)):
            try:
                client.sendall(piece)
            except ConnectionError:
                return count * len(PIECE)
    return FLOOD_BYTES


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_bodies_without_end_are_not_taken(tmp_path: Path, chunked: bool) -> None:  # noqa: FBT001 - an example
    with served(tmp_path) as server:
        own = {"Authorization": f"Bearer {server.token}"}
        page = {**own, "Origin": server.url, "X-Peering-Page": "1"}
        let_in: dict[str, dict[str, str]] = {"/_peering/rules": own, "/_peering/seed": own, "/page/act": page, "/": {}}
        assert (
            httpx.post(f"{server.url}/_peering/rules", headers=own, content=b"{}", timeout=LIMIT_SECONDS).status_code
            == 422
        )
        before = server.peak_bytes
        with ThreadPoolExecutor(len(let_in)) as pool:
            strangers: dict[str, dict[str, str]] = {path: {} for path in let_in}
            for asked in (let_in, strangers):
                sent = list(pool.map(lambda one: flood(server, *one, chunked=chunked), asked.items()))
                assert max(sent) < FLOOD_BYTES // 4, "nor only to be thrown away"
        assert server.peak_bytes - before < SPARE_BYTES
        assert httpx.get(f"{server.url}/_peering/health", timeout=LIMIT_SECONDS).is_success


def test_a_body_that_is_just_too_long_is_answered_413(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        for path in ("/", "/_peering/seed"):
            for content in (b" " * (BODY_LIMIT_BYTES + 1), iter([b" " * BODY_LIMIT_BYTES, b" "])):
                headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
                assert (
                    httpx.post(
                        f"{server.url}{path}", headers=headers, content=content, timeout=LIMIT_SECONDS
                    ).status_code
                    == 413
                )


@contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    """Let this process have so many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def half_open(address: tuple[str, int], count: int, opened: ExitStack) -> list[socket.socket]:
    """Connections that begin a request and never end its headers."""
    made = []
    for _ in range(count):
        client = opened.enter_context(socket.create_connection(address, timeout=LIMIT_SECONDS))
        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        made.append(client)
    return made


def test_half_open_connections_leave_descriptors_for_workers_and_for_others(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    with (
        peering_up(CROSS_ACCOUNT, folder, PEERING_LISTEN="127.0.0.1:0") as up,
        many_descriptors(HALF_OPEN + 200),
        ExitStack() as opened,
    ):
        resource.prlimit(up.program.pid, resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, FEW_DESCRIPTORS))
        half_open(("127.0.0.1", int(up.url.rpartition(":")[2])), HALF_OPEN, opened)
        assert httpx.get(f"{up.url}/_peering/health", timeout=LIMIT_SECONDS).is_success
        assert len(os.listdir(f"/proc/{up.program.pid}/fd")) < FEW_DESCRIPTORS // 2  # noqa: PTH208 - a count
        os.kill(up.pid("vpc-bob"), signal.SIGKILL)
        assert up.read_until(name="vpc-bob", state="running")["restarts"] == 1
        assert up.terminal.done("worker", "vpc-bob")


def is_closed_after_one_more(client: socket.socket) -> bool:
    """Send one byte more of a header, as a slow client does; whether the other end has closed."""
    try:
        client.send(b"x")
        return client.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_a_request_whose_headers_do_not_end_is_given_up(tmp_path: Path) -> None:
    with served(tmp_path) as server, ExitStack() as opened:
        silent = opened.enter_context(socket.create_connection(server.address, timeout=LIMIT_SECONDS))
        (slow,) = half_open(server.address, 1, opened)
        slow.send(b"X-More: ")
        wait_for_blocking(lambda: is_closed_after_one_more(slow), HEADERS_SECONDS + LIMIT_SECONDS)
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b"", "it says nothing to who said nothing"
        assert httpx.get(f"{server.url}/_peering/health", timeout=LIMIT_SECONDS).is_success


def test_a_connection_is_still_there_for_a_client_that_asks_every_five_seconds(tmp_path: Path) -> None:
    """As Terraform does: a POST on a connection that is being closed is an error to it, and no reason to try again."""
    with served(tmp_path) as server, closing(http.client.HTTPConnection(*server.address, LIMIT_SECONDS)) as kept:
        for _ in range(2):
            kept.request("POST", "/?Action=DescribeRegions")
            assert b"Missing" in kept.getresponse().read()
            closed, _, _ = select.select([kept.sock], [], [], 1.2 * TERRAFORM_POLLS_SECONDS)
            assert not closed


def deaf(address: tuple[str, int], opened: ExitStack) -> socket.socket:
    """A connection that asks thousands of things and reads nothing of what it is told."""
    client = opened.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.connect(address)
    with suppress(BlockingIOError):
        for _ in range(100):
            client.send(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100, socket.MSG_DONTWAIT)
    return client


def is_answered(url: str) -> bool:
    """Whether the server has room for one who asks whether it is alive."""
    with suppress(httpx.ReadError):
        return httpx.get(f"{url}/_peering/health", timeout=LIMIT_SECONDS).is_success
    return False


def test_who_reads_no_answers_makes_room_for_others_and_is_given_up(tmp_path: Path) -> None:
    with served(tmp_path) as server, ExitStack() as opened:
        resource.prlimit(server.program.pid, resource.RLIMIT_NOFILE, (FEW_CONNECTIONS * 4, FEW_CONNECTIONS * 4))
        before = server.descriptors
        for _ in range(FEW_CONNECTIONS):
            deaf(server.address, opened)
        wait_for_blocking(lambda: is_answered(server.url), ANSWER_SECONDS / 2)
        wait_for_blocking(lambda: server.descriptors <= before, ANSWER_SECONDS + LIMIT_SECONDS)


def test_a_port_that_is_taken_is_found_before_anything_has_started(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = type_command("up", str(CROSS_ACCOUNT), "--folder", str(folder), "--listen", address)
    assert ended.returncode == 1
    assert f"{address} cannot be listened on" in ended.stderr
    assert not folder.exists()
    assert not running_with(str(folder))


def test_a_damaged_store_of_the_console_is_a_sentence_with_its_name(tmp_path: Path) -> None:
    folder, topology = tmp_path / "peering", without_broker(tmp_path)
    with served(tmp_path):
        pass
    (folder / "console.sqlite").write_bytes(b"this is no database " * 500)
    options = ("--topology", str(topology), "--folder", str(folder), "--listen", "127.0.0.1:0")
    ended = type_command("serve", *options)
    assert ended.returncode == 1
    assert f"{folder / 'console.sqlite'} cannot be read or written" in " ".join(ended.stderr.split())
    assert "of this program" not in ended.stderr


def test_an_address_off_loopback_is_warned_of(tmp_path: Path) -> None:
    topology = without_broker(tmp_path)
    command = [*PEERING, "serve", "--topology", str(topology), "--listen", "0.0.0.0:0"]
    command += ["--folder", str(tmp_path / "peering"), "--json"]
    with subprocess.Popen(command, env=surroundings(), stdout=subprocess.PIPE, text=True) as program:
        ready = read_until(program, event="ready")
        program.terminate()
        program.communicate(timeout=LIMIT_SECONDS)
    assert ready["url"].startswith("http://127.0.0.1:")
    assert [one.partition(" is not")[0] for one in ready["warnings"]] == ["Warning: 0.0.0.0"]


def test_a_folder_in_which_others_may_write_is_not_served_from(tmp_path: Path) -> None:
    folder, topology = tmp_path / "shared", without_broker(tmp_path)
    folder.mkdir()
    folder.chmod(0o777)
    options = ("--topology", str(topology), "--folder", str(folder), "--listen", "127.0.0.1:0")
    ended = type_command("serve", *options)
    assert ended.returncode == 1
    assert "others may write in" in " ".join(ended.stderr.split())
    assert list(folder.iterdir()) == []
