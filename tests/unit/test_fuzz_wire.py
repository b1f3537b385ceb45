"""Tests of random bodies: each is read or Unreadable, in no time, with a reason of one line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.wire.bundle import read_bundle, write_bundle
from shared.wire.encoding import encode
from shared.wire.forms import BODY_LIMIT_BYTES, Unreadable
from shared.wire.request import read_observations, read_reply, read_request
from tests.bodies import form_of
from tests.unit import documents
from tests.unit.mutations import nearly

REASON_LIMIT_CHARACTERS = 300
SECONDS = 4.0
"""A megabyte that is gone through once takes a tenth of this; gone through once for each of its parts, hours."""

Read = Callable[[bytes], object]

READERS: dict[str, tuple[Read, documents.Form]] = {
    "bundle": (read_bundle, documents.bundles),
    "request": (read_request, documents.requests),
    "reply": (read_reply, documents.replies),
    "observations": (read_observations, documents.observations),
}


def written(kind: str, form: object) -> bytes:
    """Write a form as that kind of document is written."""
    return encode(form) if kind == "bundle" else json.dumps(form).encode()


def reason(read: Read, body: bytes) -> str | None:
    """Read a body in no time; return why it is unreadable, or None."""
    before = time.process_time()
    try:
        read(body)
    except Unreadable as error:
        said = str(error)
        assert said.isprintable(), said
        assert 0 < len(said) <= REASON_LIMIT_CHARACTERS, said
        return said
    finally:
        assert time.process_time() - before < SECONDS
    return None


@pytest.mark.parametrize("kind", READERS)
def test_what_is_valid_is_read(kind: str) -> None:
    read, valid = READERS[kind]

    @settings(deadline=None, max_examples=100)
    @given(valid)
    def check(form: dict[str, Any]) -> None:
        assert reason(read, written(kind, form)) is None

    check()


@pytest.mark.parametrize("kind", READERS)
def test_what_is_nearly_valid_is_read_or_unreadable(kind: str) -> None:
    read, valid = READERS[kind]

    @settings(deadline=None, max_examples=500)
    @given(nearly(valid))
    def check(body: bytes) -> None:
        reason(read, body)

    check()


@pytest.mark.parametrize("kind", READERS)
def test_any_bytes_are_read_or_unreadable(kind: str) -> None:
    read, _ = READERS[kind]

    @settings(deadline=None, max_examples=200)
    @given(st.binary(max_size=300))
    def check(body: bytes) -> None:
        reason(read, body)

    check()


@settings(deadline=None, max_examples=200)
@given(documents.bundles)
def test_a_bundle_is_written_as_it_was_read(form: dict[str, Any]) -> None:
    bundle = read_bundle(encode(form))
    assert form_of(write_bundle(bundle)) == form
    assert read_bundle(write_bundle(bundle)) == bundle


LARGE = {
    "brackets": b"[" * BODY_LIMIT_BYTES,
    "braces": b'{"a":' * (BODY_LIMIT_BYTES // 5),
    "a number of a million digits": b'{"v":' + b"9" * (BODY_LIMIT_BYTES - 10) + b"}",
    "a number with a million zeros": b'{"v":1e' + b"9" * (BODY_LIMIT_BYTES - 10) + b"}",
    "a name of a million letters": b'{"' + b"a" * (BODY_LIMIT_BYTES - 10) + b'":1}',
    "a million names": b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}",
    "one name a million times": b"{" + b'"v":1,' * (BODY_LIMIT_BYTES // 6 - 2) + b'"v":1}',
    "a text of a million escapes": b'{"endpoint":"' + rb"\u0000" * (BODY_LIMIT_BYTES // 6 - 10) + b'"}',
    "a million messages": b'{"messages":[' + b"{}," * (BODY_LIMIT_BYTES // 3 - 20) + b"{}]}",
    "one byte too many": b" " * (BODY_LIMIT_BYTES + 1),
}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("kind", READERS)
def test_the_largest_bodies_are_unreadable_in_no_time(kind: str, name: str) -> None:
    assert reason(READERS[kind][0], LARGE[name]) is not None


def test_a_body_with_more_faults_than_anybody_reads_has_them_counted() -> None:
    few, many = (json.dumps(dict.fromkeys(map(str, range(count)), 1)).encode() for count in (900, 1_100))
    assert reason(read_bundle, few) == "v: Field required"
    assert reason(read_bundle, many) == "1106 things are wrong with it"


@pytest.mark.parametrize("name", ['x"\n{"event":"transition"}', "\x1b[2J", "\u2028", "a" * 100_000, "\u202eabc"])
@pytest.mark.parametrize("kind", READERS)
def test_a_reason_does_not_repeat_what_a_stranger_wrote(kind: str, name: str) -> None:
    places: list[dict[str, Any]] = [
        {name: 1},
        {"messages": [{"kind": name}]},
        {"commands": [{"kind": name}]},
        {"replies": [{"outcome": name}]},
        {"v": 1, "messages": [{"kind": "declare", name: name}], "commands": [{"kind": "worker", name: name}]},
    ]
    for form in places:
        said = reason(READERS[kind][0], written(kind, form))
        assert said is not None
        assert name not in said
