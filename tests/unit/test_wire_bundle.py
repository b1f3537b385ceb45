"""Two programs of different age read each other's bundles: what is written is read back, and nothing else is."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic_core import to_json

from shared.protocol.messages import Reason
from shared.protocol.words import Intent, Status
from shared.wire import bundle, encoding
from shared.wire.bundle import READER, Addressed, Bundle, read_bundle, write_bundle
from shared.wire.encoding import encode
from shared.wire.forms import BODY_LIMIT_BYTES, JSON, MESSAGES_LIMIT, PAYLOAD_LIMIT_CHARACTERS, Unreadable
from shared.wire.request import KINDS
from tests.bodies import form_of
from tests.unit.wire_forms import BUNDLES, EXAMPLE, EXAMPLES, LARGEST_NONCE, LARGEST_NUMBER

SAID = "sesame"
"""Stands in bodies that cannot be read, and must stand in no complaint about them."""

Path = tuple[str | int, ...]


@given(BUNDLES)
def test_what_is_written_is_what_is_read(bundle: Bundle) -> None:
    assert read_bundle(write_bundle(bundle)) == bundle


@given(BUNDLES)
def test_writing_twice_gives_the_same_bytes(bundle: Bundle) -> None:
    assert write_bundle(read_bundle(write_bundle(bundle))) == write_bundle(bundle)


def test_an_empty_bundle_says_that_the_sender_is_alive() -> None:
    alive = Bundle("vpc-a", "alice", "vpc-b", 7, [])
    assert read_bundle(write_bundle(alive)) == alive


def test_every_word_of_the_protocol_can_be_written() -> None:
    forms = json.dumps(READER.json_schema())
    for word in (*Status, *Reason, *(intent.name.lower() for intent in Intent)):
        assert f'"{word}"' in forms


def test_the_limits_are_inside() -> None:
    most = Bundle("vpc-a", "alice", "vpc-b", LARGEST_NONCE, [Addressed("ri-a", "ri-b", EXAMPLES[2])] * MESSAGES_LIMIT)
    assert read_bundle(write_bundle(most)) == most
    longest = changed(("messages", 4, "body"), "x" * PAYLOAD_LIMIT_CHARACTERS)
    assert read_bundle(longest)
    assert read_bundle(changed(("messages", 0, "version"), LARGEST_NUMBER))


def test_another_encoding_is_three_names_of_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def packed(form: object) -> bytes:
        return zlib.compress(to_json(form))

    def unpacked(form: TypeAdapter[Any], body: bytes) -> Any:  # noqa: ANN401 - whatever the form is
        return form.validate_json(zlib.decompress(body))

    monkeypatch.setattr(encoding, "CONTENT_TYPE", "application/x-packed")
    monkeypatch.setattr(bundle, "encode", packed)
    monkeypatch.setattr(bundle, "decode", unpacked)
    assert read_bundle(write_bundle(EXAMPLE)) == EXAMPLE
    assert write_bundle(EXAMPLE) == packed(json.loads(zlib.decompress(write_bundle(EXAMPLE))))
    assert (encoding.content_type(KINDS.bundle), encoding.content_type(KINDS.reply)) == ("application/x-packed", JSON)


def example() -> Any:  # noqa: ANN401 - JSON is what a body is before it is read
    return form_of(write_bundle(EXAMPLE))


def changed(path: Path, value: object) -> bytes:
    """The example with another value in that place."""
    return edited(path, lambda place, name: place.__setitem__(name, value))


def edited(path: Path, edit: Callable[[Any, str | int], None]) -> bytes:
    body = place = example()
    for part in path[:-1]:
        place = place[part]
    edit(place, path[-1])
    return encode(body)


def fields(value: object, path: Path = ()) -> Iterator[Path]:
    """Every named field of a body."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from fields(inner, (*path, name))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from fields(inner, (*path, place))


def complaint(body: bytes) -> str:
    """What is said about a body, or a message in it, that cannot be read; what was sent stays out of it."""
    cause: BaseException | None = None
    try:
        part = read_bundle(body).unreadable
    except Unreadable as error:
        said, cause = str(error), error.__cause__
    else:
        assert part is not None
        said = part.reason
    assert cause is None
    assert SAID not in said
    return said


@pytest.mark.parametrize("path", list(fields(example())), ids=lambda path: ".".join(map(str, path)))
def test_every_field_is_needed_and_has_one_form(path: Path) -> None:
    name = str(path[-1])
    missing = complaint(edited(path, lambda place, name: place.pop(name)))
    assert name in missing
    for value in ({"x": SAID}, [SAID], True, 1.5, -1, f" {SAID}!"):
        if (name == "body" and isinstance(value, str)) or (name == "v" and value is True):
            continue  # any text is a payload, and true equals 1
        assert name in complaint(changed(path, value)), value


@pytest.mark.parametrize("place", ["", "messages.0", "messages.2", "messages.4", "messages.0.claims"])
def test_what_is_not_known_is_not_overlooked(place: str) -> None:
    path = tuple(int(part) if part.isdigit() else part for part in place.split(".") if part)
    said = complaint(changed((*path, SAID), 1))
    where = ".".join(map(str, _with_kind(path)))
    assert said == f"{where}: there is a field that is not known".removeprefix(": ")


def _with_kind(path: Path) -> Path:
    """A message's place names its kind as well."""
    if len(path) < 2:
        return path
    kind = example()["messages"][path[1]]["kind"]
    return (*path[:2], kind, *path[2:])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("v",), 0),
        (("life",), LARGEST_NONCE + 1),
        (("messages", 0, "version"), 0),
        (("messages", 0, "version"), LARGEST_NUMBER + 1),
        (("messages", 0, "epoch"), [1]),
        (("messages", 0, "epoch"), [1, 2, 3]),
        (("messages", 0, "epoch"), [0, 2]),
        (("messages", 4, "body"), SAID * PAYLOAD_LIMIT_CHARACTERS),
        (("messages", 4, "activation"), [[1, 2], 3, [4, 5]]),
        (("messages", 0, "source"), "ri-A"),
        (("messages", 0, "source"), "ri-a\n"),
        (("endpoint",), "eni-a"),
        (("account",), "a.b"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_its_place(path: Path, value: object) -> None:
    assert str(path[-1]) in complaint(changed(path, value))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"v":1}garbage',
        f'"{SAID}"'.encode(),
        f"{SAID}".encode(),
        b"[" * 5000,
    ],
)
def test_what_is_no_bundle_at_all_is_refused(body: bytes) -> None:
    assert complaint(body)


def test_one_message_too_many_is_refused() -> None:
    many = Bundle("vpc-a", "alice", "vpc-b", 7, [Addressed("ri-a", "ri-b", EXAMPLES[2])] * (MESSAGES_LIMIT + 1))
    assert complaint(write_bundle(many)).startswith("messages: ")


def test_a_body_that_is_too_long_is_not_looked_at() -> None:
    assert complaint(b"x" * (BODY_LIMIT_BYTES + 1)) == "the body has 1048577 bytes, more than 1048576"


def test_a_message_that_cannot_be_read_stops_no_other() -> None:
    good = read_bundle(write_bundle(Bundle("vpc-a", "alice", "vpc-b", 7, [Addressed("ri-a", "ri-b", EXAMPLES[0])] * 2)))
    form = form_of(write_bundle(good))
    bad: list[Any] = [
        SAID,
        None,
        {"kind": SAID},
        {**form["messages"][0], SAID: 1},
        {**form["messages"][0], "version": 0},
    ]
    carrier = form["messages"].pop()
    carrier["body"] = carrier["body"].replace("[0,{", "[2,{").replace("[1,{", "[6,{")
    body = encode(form | {"messages": [*bad[:2], form["messages"][0], *bad[2:], form["messages"][1], carrier]})
    read = read_bundle(body)
    assert read.messages == good.messages
    assert read.unreadable is not None
    assert form_of(read.unreadable.body) == form | {"messages": bad}
    assert read.unreadable.reason.startswith("messages.0: ")
    assert SAID not in read.unreadable.reason


def test_a_bundle_none_of_whose_messages_can_be_read_is_refused_as_a_whole() -> None:
    assert complaint(changed(("messages",), [1, 2])).startswith("messages.0: ")


@given(st.binary(max_size=200))
def test_no_bytes_whatsoever_do_more_than_be_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_bundle(body)
