"""Strictness is a kindness: a field that is ignored today is a bug report that nobody can answer tomorrow.

The field types that every document on the wire is made of, and the error that all readers raise.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

BODY_LIMIT_BYTES: Final = 1_048_576
"""The largest AMQP body that is read at all; anything longer is set aside unread."""

PAYLOAD_LIMIT_CHARACTERS: Final = 16_384
"""The longest payload that `send` accepts."""

MESSAGES_LIMIT: Final = 1_000
"""How many messages or commands one AMQP message may carry."""

NUMBER_LIMIT: Final = 2**40
"""The largest version, payload number or row: more than any end will ever count."""

STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)

InterfaceId = Annotated[str, StringConstraints(pattern=r"^ri-[a-z0-9]{1,40}$")]
EndpointId = Annotated[str, StringConstraints(pattern=r"^(vpc|vbr)-[a-z0-9-]{1,40}$")]
AccountId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
RegionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Name = Annotated[str, StringConstraints(max_length=128)]
Payload = Annotated[str, StringConstraints(max_length=PAYLOAD_LIMIT_CHARACTERS)]
Number = Annotated[int, Field(ge=0, le=NUMBER_LIMIT)]
Positive = Annotated[int, Field(ge=1, le=NUMBER_LIMIT)]
Nonce = Annotated[int, Field(ge=0, lt=2**53)]


class Unreadable(ValueError):
    """A body that is not what it should be; the text names the first fault and never quotes the body."""


_SAID_WITHOUT_QUOTING: Final = {
    "extra_forbidden": "there is a field that is not known",
    "union_tag_invalid": "there is a kind that is not known",
}
"""Faults whose usual words repeat what was sent: a hostile body must not get into a log that way."""


FAULTS_LIMIT: Final = 1_000
"""The library words all faults of a body to name one; beyond this a body is not worth it."""


def first_fault(error: ValidationError) -> str:
    """Name the first thing that is wrong, and where, without repeating what was sent."""
    if error.error_count() > FAULTS_LIMIT:
        return f"{error.error_count()} things are wrong with it"
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = fault["loc"][:-1] if fault["type"] == "extra_forbidden" else fault["loc"]
    where = ".".join(str(part) for part in place)
    what = _SAID_WITHOUT_QUOTING.get(fault["type"], fault["msg"])
    return f"{where}: {what}" if where else what


def check_size(body: bytes) -> None:
    """Refuse a body that is too long to be looked at."""
    if len(body) > BODY_LIMIT_BYTES:
        message = f"the body has {len(body)} bytes, more than {BODY_LIMIT_BYTES}"
        raise Unreadable(message)
