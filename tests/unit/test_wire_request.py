"""Tests of requests and answers as bytes, between a console and a worker of different age."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wire.forms import BODY_LIMIT_BYTES, Unreadable
from shared.wire.request import (
    CommandForm,
    PeerForm,
    read_observations,
    read_reply,
    read_request,
    write_observations,
    write_reply,
    write_request,
)
from tests.unit.wire_forms import ACCOUNTS, ENDPOINTS, INTERFACES, NUMBERS, PAYLOADS

SAID = "sesame"
REQUEST_ID = "0123456789abcdef" * 2

PAGES = st.integers(1, 1000)
PEERS: st.SearchStrategy[PeerForm] = st.fixed_dictionaries(
    {"interface": INTERFACES, "endpoint": ENDPOINTS, "account": ACCOUNTS, "region": ACCOUNTS}
).map(lambda peer: cast("PeerForm", peer))


def form(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[CommandForm]:
    """Commands of one kind."""
    made = st.fixed_dictionaries({"kind": st.just(kind), **fields})
    return made.map(lambda command: cast("CommandForm", command))


COMMANDS: st.SearchStrategy[CommandForm] = st.one_of(
    form("create", interface=INTERFACES, name=PAYLOADS, peer=st.none() | PEERS, initiate=st.booleans()),
    form("configure", interface=INTERFACES, peer=PEERS),
    *(form(kind, interface=INTERFACES) for kind in ("initiate", "suspend", "resume", "delete", "show")),
    form("send", interface=INTERFACES, body=PAYLOADS),
    form("list", after=PAYLOADS, limit=PAGES, deleted=st.booleans()),
    form("inbox", interface=st.none() | INTERFACES, after=NUMBERS, limit=PAGES),
    form("timeline", interface=st.none() | INTERFACES, after=NUMBERS, limit=PAGES),
    form("subscribe", interface=st.none() | INTERFACES, after=st.none() | NUMBERS, seconds=st.integers(1, 60)),
    form("acknowledge", interface=INTERFACES, through=NUMBERS),
    form("worker"),
)

RESULTS = st.dictionaries(PAYLOADS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | PAYLOADS, max_size=3)
ANSWERS = st.one_of(
    st.fixed_dictionaries({"outcome": st.just("done"), "result": st.none() | RESULTS}),
    st.fixed_dictionaries({"outcome": st.just("refused"), "code": PAYLOADS, "sentence": PAYLOADS}),
)


@given(ACCOUNTS, ENDPOINTS, st.lists(COMMANDS, min_size=1, max_size=3))
def test_a_request_is_read_as_it_was_written(account: str, endpoint: str, commands: list[CommandForm]) -> None:
    read = read_request(write_request(REQUEST_ID, account, endpoint, commands))
    assert read == {"v": 1, "request": REQUEST_ID, "account": account, "endpoint": endpoint, "commands": commands}


@given(ENDPOINTS, st.lists(ANSWERS, max_size=3))
def test_a_reply_is_read_as_it_was_written(endpoint: str, replies: list[Any]) -> None:
    read = read_reply(write_reply(REQUEST_ID, endpoint, replies))
    assert read == {"v": 1, "request": REQUEST_ID, "endpoint": endpoint, "replies": replies}


@given(ENDPOINTS, st.lists(RESULTS, max_size=3))
def test_observations_are_read_as_they_were_written(endpoint: str, rows: list[Any]) -> None:
    read = read_observations(write_observations(REQUEST_ID, endpoint, rows))
    assert read == {"v": 1, "request": REQUEST_ID, "endpoint": endpoint, "rows": rows}


READERS: tuple[Callable[[bytes], object], ...] = (read_request, read_reply, read_observations)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff", f'{{"v":1,"request":"{SAID}"}}'.encode()])
def test_what_is_none_is_refused_and_not_quoted(read: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read(body)
    assert SAID not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ({"kind": "initiate"}, "commands.0.initiate.interface"),
        ({"kind": "initiate", "interface": SAID}, "commands.0.initiate.interface"),
        ({"kind": "send", "interface": "ri-a", "body": 1}, "commands.0.send.body"),
        ({"kind": "send", "interface": "ri-a", "body": SAID * 9999}, "commands.0.send.body"),
        ({"kind": "list", "after": "", "limit": 1001, "deleted": False}, "commands.0.list.limit"),
        ({"kind": "subscribe", "interface": None, "after": None, "seconds": 61}, "commands.0.subscribe.seconds"),
        ({"kind": "worker", SAID: 1}, "commands.0.worker"),
        ({"interface": "ri-a"}, "commands.0"),
    ],
)
def test_a_command_that_is_none_is_refused_with_its_place(command: dict[str, Any], place: str) -> None:
    body = json.dumps(
        {"v": 1, "request": REQUEST_ID, "account": "alice", "endpoint": "vpc-a", "commands": [command]}
    ).encode()
    with pytest.raises(Unreadable) as caught:
        read_request(body)
    assert str(caught.value).startswith(f"{place}: ")
    assert SAID not in str(caught.value)


def test_a_request_without_commands_and_one_that_is_too_long_are_refused() -> None:
    with pytest.raises(Unreadable, match=r"^commands: "):
        read_request(write_request(REQUEST_ID, "alice", "vpc-a", []))
    with pytest.raises(Unreadable, match="bytes, more than"):
        read_request(b" " * (BODY_LIMIT_BYTES + 1))
