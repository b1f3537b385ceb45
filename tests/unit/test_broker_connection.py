"""Tests of opening a connection: each node is tried, and what went wrong is said of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aiormq.exceptions import AMQPConnectionError, AuthenticationError

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import open_connection
from shared.broker.errors import BrokerRefused, BrokerUnreachable

CLUSTER = BrokerAddress.parse("amqp://alice:secret@one,two,three/peering")
REFUSED, AWAY = AuthenticationError("ACCESS_REFUSED"), AMQPConnectionError("Connection refused")


def nodes(monkeypatch: pytest.MonkeyPatch, **answers: object) -> list[str]:
    """Have nodes answer like this, an error or a connection; return who was tried."""
    tried: list[str] = []

    async def connect(_: None, *, host: str, **__: Any) -> object:  # noqa: ANN401 - whatever else it is called with
        tried.append(host)
        answer = answers[host]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(aio_pika, "connect", connect)
    return tried


async def test_the_first_node_that_takes_a_connection_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = object()
    tried = nodes(monkeypatch, one=AWAY, two=taken, three=object())
    assert await open_connection(CLUSTER, "test") is taken
    assert tried == ["one", "two"]


async def test_a_node_that_refuses_does_not_speak_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = object()
    nodes(monkeypatch, one=REFUSED, two=AWAY, three=taken)
    assert await open_connection(CLUSTER, "test") is taken
    nodes(monkeypatch, one=AWAY, two=REFUSED, three=AWAY)
    with pytest.raises(BrokerRefused, match="alice@two:5672/peering refuses the login"):
        await open_connection(CLUSTER, "test")


async def test_nodes_that_cannot_be_reached_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes(monkeypatch, one=AWAY, two=TimeoutError(), three=AWAY)
    with pytest.raises(BrokerUnreachable, match=r"one:5672.*; .*two:5672.*in time; .*three:5672") as unreachable:
        await open_connection(CLUSTER, "test")
    assert "secret" not in str(unreachable.value)


async def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(BrokerRefused, match=r"certificates for .*h:5671.* cannot be read \(.*ca\.pem\)"):
        await open_connection(BrokerAddress.parse("amqps://h", ca_file=tmp_path / "ca.pem"), "test")
