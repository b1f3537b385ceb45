"""The encoding of bundles: their content type, and how a form becomes bytes and is read back.

Another encoding is a change of this file alone.
"""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from shared.wire.forms import JSON
from shared.wire.request import KINDS

CONTENT_TYPE: Final = JSON
"""The encoding of bundles, as AMQP's content type."""

Form = TypeVar("Form")


def encode(form: object) -> bytes:
    """Write a form, or a part of one, in the encoding of bundles."""
    return to_json(form)


def decode(form: TypeAdapter[Form], body: bytes) -> Form:
    """Read a form from the encoding of bundles. Raises ValidationError, or Unreadable of bytes that are no encoding.

    Strict readers take lists for tuples and words for enums from JSON alone. Another encoding is unpacked to plain
    values, and `form.validate_json(to_json(values))` is what reads those as strictly.
    """
    return form.validate_json(body)


def content_type(kind: str) -> str:
    """The content type of a kind of AMQP message, which is its `type`."""
    return CONTENT_TYPE if kind == KINDS.bundle else JSON
