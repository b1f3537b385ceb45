"""The field types that every document on the wire is made of, and `Unreadable`, the error that all readers raise.

All forms are strict: a field that is ignored today is a bug report that nobody can answer tomorrow.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from shared.protocol.words import LAST_NUMBER, NONCE_BITS

JSON: Final = "application/json"
"""The encoding of requests, replies and observations, as AMQP's content type; a bundle names its own."""

BODY_LIMIT_BYTES: Final = 1_048_576
"""The largest AMQP body that is read at all; anything longer is set aside unread."""

PAYLOAD_LIMIT_CHARACTERS: Final = 16_384
"""The longest payload that `send` accepts."""

MESSAGES_LIMIT: Final = 1_000
"""How many messages or commands one AMQP message may carry."""

STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)

InterfaceId = Annotated[str, StringConstraints(pattern=r"^ri-[a-z0-9]{1,40}$")]
EndpointId = Annotated[str, StringConstraints(pattern=r"^(vpc|vbr)-[a-z0-9-]{1,40}$")]
AccountId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
RegionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Name = Annotated[str, StringConstraints(max_length=128)]
Payload = Annotated[str, StringConstraints(max_length=PAYLOAD_LIMIT_CHARACTERS)]
Number = Annotated[int, Field(ge=0, le=LAST_NUMBER)]
Positive = Annotated[int, Field(ge=1, le=LAST_NUMBER)]
Nonce = Annotated[int, Field(ge=0, lt=2**NONCE_BITS)]


class Unreadable(ValueError):
    """The base and only error of the wire: a body is not what it should be.

    Its text names the first problem and never quotes the body.
    """


_UNQUOTED: Final = {
    "extra_forbidden": "there is a field that is not known",
    "union_tag_invalid": "there is a kind that is not known",
}
"""Problems whose usual words repeat what was sent: a hostile body must not get into a log that way."""

PROBLEMS_LIMIT: Final = 1_000
"""The library words all problems of a body to name one; beyond this a body is not worth it."""


def first_problem(error: ValidationError) -> str:
    """The first problem of a body, and its place, without repeating what was sent."""
    if error.error_count() > PROBLEMS_LIMIT:
        return f"{error.error_count()} things are wrong with it"
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = problem["loc"][:-1] if problem["type"] == "extra_forbidden" else problem["loc"]
    where = ".".join(str(part) for part in place)
    what = _UNQUOTED.get(problem["type"], problem["msg"])
    return f"{where}: {what}" if where else what


def check_size(body: bytes) -> None:
    """Raise Unreadable for a body that is too long to be read."""
    if len(body) > BODY_LIMIT_BYTES:
        message = f"the body has {len(body)} bytes, more than {BODY_LIMIT_BYTES}"
        raise Unreadable(message)
