"""Tests of random AMQP properties: none ends the connection or holds it up."""

import struct
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import decode, frame
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from shared.broker.amqp import driver_patches

HEADER_FRAME, FRAME_END, BASIC = 2, b"\xce", 60
FRAME_LIMIT_BYTES = 131_072 - 64
QUICK_SECONDS = 0.25
"""What takes seconds unpatched takes microseconds patched; in between there is room for a busy machine."""


@pytest.fixture(autouse=True)
def lenient() -> Iterator[None]:
    """Have it as a worker has it, and leave the library as it was."""
    strict, short = ContentHeader.unmarshal, decode.METHODS["shortstr"]
    driver_patches.patch_driver()
    yield
    ContentHeader.unmarshal = strict  # type: ignore[method-assign]
    decode.METHODS["shortstr"] = short


def content_header(flags: int, properties: bytes, body_size: int = 7) -> bytes:
    """Write the frame that comes before a body."""
    payload = struct.pack(">HHQH", BASIC, 0, body_size, flags) + properties
    return struct.pack(">BHI", HEADER_FRAME, 1, len(payload)) + payload + FRAME_END


def read(data: bytes) -> ContentHeader:
    """Read it as the connection's task does."""
    taken, _, header = frame.unmarshal(data)
    assert isinstance(header, ContentHeader)
    assert taken == len(data)
    return header


def short(text: bytes) -> bytes:
    """Write a short string."""
    return bytes([len(text)]) + text


def table(entries: bytes) -> bytes:
    """Write a table of headers."""
    return struct.pack(">I", len(entries)) + entries


def nested() -> bytes:
    """Write tables in tables, as many as a frame takes."""
    inner = b""
    while len(inner) < FRAME_LIMIT_BYTES - 16:
        inner = b"\x01aF" + table(inner)
    return inner


POISON = {
    "type is no text": (1 << 5, short(b"\xff\xfe"), "??"),
    "a date that never comes": (1 << 6 | 1 << 5, struct.pack(">q", 2**62) + short(b"t"), None),
    "a date before all dates": (1 << 6 | 1 << 5, struct.pack(">q", -(2**63)) + short(b"t"), None),
    "headers in headers": (1 << 13 | 1 << 5, table(nested()) + short(b"t"), "t"),
    "a header's name is no text": (1 << 13 | 1 << 5, table(b"\x01\xffV") + short(b"t"), "t"),
    "a header of no type": (1 << 13 | 1 << 5, table(b"\x01a?") + short(b"t"), "t"),
    "many headers": (1 << 13 | 1 << 5, table(b"\x00V" * (FRAME_LIMIT_BYTES // 2)) + short(b"t"), "t"),
    "a long list": (1 << 13 | 1 << 5, table(b"\x01aA" + table(b"V" * FRAME_LIMIT_BYTES)) + short(b"t"), "t"),
    "headers beyond the end": (1 << 13, struct.pack(">I", 2**31) + b"\x01aV", None),
    "nothing where something was announced": (0xFFFC, b"", None),
    "flags of another protocol": (0xFFFF, short(b"text"), None),
}


@pytest.mark.parametrize("name", POISON)
def test_poisoned_properties_cost_a_message_and_no_time(name: str) -> None:
    flags, properties, kind = POISON[name]
    before = time.process_time()
    header = read(content_header(flags, properties))
    assert time.process_time() - before < QUICK_SECONDS
    assert header.body_size == 7
    assert header.properties.message_type == kind


def test_good_properties_are_read_in_full() -> None:
    good = Basic.Properties(
        content_type="application/json",
        headers={"x": "y", "n": [1, {"a": None}]},
        delivery_mode=2,
        correlation_id="c",
        reply_to="console.1",
        message_id="m",
        message_type="peering.bundle",
        user_id="alice",
    )
    header = read(frame.marshal(ContentHeader(body_size=3, properties=good), 1))
    assert header.properties.headers is None
    good.headers = None
    assert dict(header.properties) == dict(good)


def test_a_routing_key_that_is_no_text_reaches_nobody_by_a_copy() -> None:
    """A copy (CC) is delivered with the first key of its message, which may be anything."""
    deliver = frame.marshal(
        Basic.Deliver("tag", 1, redelivered=False, exchange="peering.x.a", routing_key="key"), 1
    ).replace(b"\x03key", b"\x03\xff\xfe\x00")
    _, _, read_back = frame.unmarshal(deliver)
    assert isinstance(read_back, Basic.Deliver)
    assert read_back.routing_key == "??\x00"


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 0xFFFF), st.binary(max_size=600))
def test_whatever_the_properties_are_the_body_can_be_found(flags: int, properties: bytes) -> None:
    assert read(content_header(flags, properties)).body_size == 7


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_good_properties_with_bytes_changed_end_nothing(data: st.DataObject) -> None:
    good = Basic.Properties(headers={"a": [1, "b", {"c": 2.5}]}, message_type="peering.bundle", user_id="alice")
    raw = bytearray(frame.marshal(ContentHeader(body_size=7, properties=good), 1))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(19, len(raw) - 2))] = data.draw(st.integers(0, 255))
    read(bytes(raw))
