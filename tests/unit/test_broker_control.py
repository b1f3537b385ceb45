"""Tests of provisioning: what is wrong with the broker is said, and no password is."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.broker import control, errors


@contextmanager
def answering(status: int, body: object, overview: object = None) -> Iterator[str]:
    """Answer every request alike, except for the overview; give the address, with a password."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            good = overview is not None and self.path == "/api/overview"
            text = json.dumps(overview if good else body) if not isinstance(body, str) or good else body
            self.send_response(200 if good else status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - named by http.server

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://admin:hunter2@127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


VERSION = {"rabbitmq_version": "4.0.5"}


async def refused(url: str) -> str:
    """Provision nothing and return the error."""
    with pytest.raises(errors.ControlPlaneError) as fault:
        await control.provision(url, {})
    assert "hunter2" not in str(fault.value)
    return str(fault.value)


async def test_refused_credentials() -> None:
    with answering(401, {"error": "not_authorised", "reason": "Login failed"}) as url:
        assert "refuses the administrator's credentials: 401 Login failed" in await refused(url)


@pytest.mark.parametrize("body", ["<html>hello</html>", {"no": "version"}, ["list"]])
async def test_somebody_else_answers(body: object) -> None:
    with answering(200, body) as url:
        assert "not RabbitMQ's management API" in await refused(url)


async def test_refused_definitions() -> None:
    with answering(400, {"error": "bad_request", "reason": "no such type"}, VERSION) as url:
        assert "does not take the definitions: 400 no such type" in await refused(url)


async def test_nobody_answers() -> None:
    assert "nobody answers at http://127.0.0.1:1" in await refused("http://admin:hunter2@127.0.0.1:1")


@pytest.mark.parametrize("url", ["ftp://admin:hunter2@h", "admin:hunter2", "http://", "http://admin:hunter2@h:port"])
async def test_no_address(url: str) -> None:
    assert "management address" in await refused(url)


async def test_waiting_has_a_limit_and_ends_at_once_for_what_no_waiting_cures() -> None:
    with pytest.raises(errors.ControlPlaneUnreachable, match="did not answer within"):
        await control.wait_until_ready("http://admin:hunter2@127.0.0.1:1", limit_seconds=0.1)
    with answering(401, {}) as url, pytest.raises(errors.ControlPlaneError, match="credentials"):
        await control.wait_until_ready(url)
    with answering(404, {}, VERSION) as url:
        await control.wait_until_ready(url)
        assert await control.broker_version(url) == "4.0.5"
        await control.delete_queue(url, "gone/already")
