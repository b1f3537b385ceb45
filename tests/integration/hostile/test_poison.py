"""Tests of poison: bodies, properties and numbers that no worker would send.

Each is set aside with a reason, or refused by the broker with one, and all of them again while others connect.
"""

from __future__ import annotations

import asyncio
import json
import struct

import pytest

from shared.wire.forms import BODY_LIMIT_BYTES
from tests.integration.hostile.bare import Raw, bare, properties
from tests.integration.hostile.forged import bundle, declare
from tests.integration.hostile.town import Town, Visit

TYPE, HEADERS, DATE, REPLY_TO, MESSAGE_ID, EXPIRATION = 1 << 5, 1 << 13, 1 << 6, 1 << 9, 1 << 7, 1 << 8
UNPROVEN = "the broker does not prove its sender"
HUNDRED_MEGABYTES = 100_000_000


def short(text: bytes) -> bytes:
    """Write a short string."""
    return bytes([len(text)]) + text


def table(entries: bytes) -> bytes:
    """Write a table of headers."""
    return struct.pack(">I", len(entries)) + entries


def nested(depth: int) -> bytes:
    """Write tables in tables."""
    inner = b""
    for _ in range(depth):
        inner = b"\x01aF" + table(inner)
    return table(inner)


KIND = short(b"peering.bundle")
PROPERTIES = {
    "a type that is no text": Raw(TYPE, short(b"\xff\xfe\x00")),
    "a reply address that is no text": Raw(REPLY_TO | TYPE, short(b"\xc3\x28" * 100) + KIND),
    "an id of 255 bytes that are no text": Raw(MESSAGE_ID | TYPE, short(b"\xff" * 255) + KIND),
    "a date that never comes": Raw(DATE | TYPE, struct.pack(">Q", 2**62) + KIND),
    "a date before all dates": Raw(DATE | TYPE, struct.pack(">q", -(2**60)) + KIND),
    "headers whose names are no text": Raw(HEADERS | TYPE, table(b"\x02\xff\xfet\x01") + KIND),
    "headers in headers": Raw(HEADERS | TYPE, nested(3_000) + KIND),
    "as many headers as fit": Raw(HEADERS | TYPE, table(b"\x04abcdt\x01" * 18_000) + KIND),
}


COSTLY_TO_THE_BROKER = ("headers in headers", "as many headers as fit")
"""RabbitMQ 4.0 itself reads and writes these so slowly that a flood of them is the broker's own trouble."""


@pytest.mark.parametrize("name", PROPERTIES)
async def test_properties_that_nobody_would_write_are_set_aside(here: Visit, name: str) -> None:
    """They prove nobody. The connection of whoever receives them goes on."""
    started = len(here.town.victim.lines("ready"))
    assert await here.refused(here.town.delivery(b"{}", PROPERTIES[name])) == [UNPROVEN]
    assert len(here.town.victim.lines("ready")) == started


def instead_of_a_number(town: Town, text: bytes) -> bytes:
    """Write a bundle with something else where a number stands."""
    number = 7_654_321
    whole = bundle(town, life=number)
    assert whole.count(b"%d" % number) == 1
    return whole.replace(b"%d" % number, text)


def bodies(here: Visit) -> dict[str, bytes]:
    """What is no bundle, in as many ways as there are."""
    town = here.town
    one = declare("ri-m", "ri-b")
    return {
        "nothing": b"",
        "no text": b"\xff\xfe\x00\x01",
        "half a bundle": bundle(town)[:40],
        "two bundles": bundle(town) * 2,
        "a list": b"[]",
        "brackets in brackets": b"[" * BODY_LIMIT_BYTES,
        "braces in braces": b'{"messages":' * (BODY_LIMIT_BYTES // 12),
        "an escape that is half a delivery": json.dumps({"v": 1, "endpoint": "\ud800"}).encode(),
        "a number without end": instead_of_a_number(town, b"9" * 100_000),
        "no number at all": instead_of_a_number(town, b"NaN"),
        "a version that is nearly right": bundle(town, v=1.0000001),
        "a version in deliveries": bundle(town, v="1"),
        "a negative store id": bundle(town, life=-1),
        "a field nobody knows": bundle(town, admin=True),
        "a number beyond all numbers": bundle(town, messages=[one | {"version": 2**40 + 1}]),
        "version nought": bundle(town, messages=[one | {"version": 0}]),
        "a status of its own": bundle(town, messages=[one | {"status": "Root"}]),
        "an id with a line break": bundle(town, messages=[one | {"source": "ri-a\nri-b"}]),
        "an id that climbs": bundle(town, messages=[one | {"target": "ri-../../etc/passwd"}]),
        "a message within a message": bundle(town, messages=[one | {"claims": one}]),
        "more messages than allowed": bundle(town, messages=[one] * 1_001),
        "one byte too many": b" " * (BODY_LIMIT_BYTES + 1),
    }


async def test_bodies_that_are_no_bundles_are_set_aside_each_with_its_reason(here: Visit) -> None:
    deliveries = {name: here.town.delivery(body) for name, body in bodies(here).items()}
    reasons = dict(zip(deliveries, await here.refused(*deliveries.values()), strict=True))
    assert all(reason.isprintable() and len(reason) < 300 for reason in reasons.values())
    assert reasons["brackets in brackets"].startswith("Invalid JSON: recursion limit exceeded")
    assert reasons["a field nobody knows"] == "there is a field that is not known"
    assert reasons["one byte too many"] == f"the body has {BODY_LIMIT_BYTES + 1} bytes, more than {BODY_LIMIT_BYTES}"
    assert not any("passwd" in reason or "Root" in reason for reason in reasons.values())


async def test_a_hundred_megabytes_end_the_channel_of_whoever_sends_them(here: Visit) -> None:
    """The broker counts what is announced, and takes none of it; a limit of its own, on every release."""
    town = here.town
    async with bare(town.address(town.mallory.account)) as client:
        sending = asyncio.create_task(client.send([town.delivery(b" " * HUNDRED_MEGABYTES)]))
        ended = await client.ended()
        sending.cancel()
        await asyncio.wait({sending})
    assert (ended.code, ended.connection) == (406, False)
    assert "message size" in ended.reason
    before = await here.counters()
    await here.taken()
    assert (await here.counters())["rejected_deliveries"] == before["rejected_deliveries"] + 1


async def test_all_of_it_harms_nobody_else(here: Visit) -> None:
    deliveries = [here.town.delivery(body) for body in bodies(here).values() if len(body) < BODY_LIMIT_BYTES // 2]
    deliveries += [
        here.town.delivery(b"{}", what) for name, what in PROPERTIES.items() if name not in COSTLY_TO_THE_BROKER
    ]
    deliveries.append(here.town.delivery(b"{}", properties(here.town.uid, expiration="0")))

    async def attack() -> None:
        await here.mallory.publish(*deliveries)

    await here.unharmed(attack)
