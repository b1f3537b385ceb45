"""The additions to a bundle: what programs since 0.1.0 say more in it, where 0.1.0 reads over it.

0.1.0 sets a bundle aside that has a field more than it knows, and reads over a payload for an interface that is not
there, without a word. So what was added travels as such a payload, a *carrier*, whose number no real one ever has. Who
knows nothing of carriers ignores all of it; who does ignores the additions that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict

from shared.protocol.words import LAST_NUMBER
from shared.wire.forms import Number, Positive, Unreadable, first_problem
from shared.wire.request import PeerForm

NOBODY: Final = "ri-additions"
"""Whom a carrier is from and for."""

PEERS_A_CARRIER: Final = 50
"""How many peer informations fit into the longest payload, whatever is in them."""

_ACTIVATION: Final = ((1, 0), 1, (1, 0), 1)


@with_config(ConfigDict(extra="ignore", strict=True, frozen=True))
class AdditionsForm(TypedDict, total=False):
    """The body of a carrier: each of its fields is optional, and one that is not known is ignored.

    `peers` are places of Initiates among the bundle's messages, without carriers, each with what its owner said of the
    peer. `unread` is the version of a bundle of the receiver's that the sender could not read.
    """

    peers: list[tuple[Number, PeerForm]]
    unread: Positive


ADDITIONS: Final = TypeAdapter(AdditionsForm)


def is_carrier(message: Mapping[str, Any]) -> bool:
    """Whether a message that was read is a carrier."""
    return (message["kind"], message["target"], message.get("number")) == ("data", NOBODY, LAST_NUMBER)


def read_additions(carriers: Sequence[Mapping[str, Any]]) -> tuple[dict[int, PeerForm], int | None]:
    """The peer informations by place, and the version that was not read. Raises Unreadable."""
    peers: dict[int, PeerForm] = {}
    unread: int | None = None
    for carrier in carriers:
        try:
            said = ADDITIONS.validate_json(carrier["body"])
        except ValidationError as error:
            raise Unreadable(f"additions: {first_problem(error)}") from None
        peers.update(said.get("peers", ()))
        unread = said.get("unread", unread)
    return peers, unread


def carriers(peers: Sequence[tuple[int, Mapping[str, str]]], unread: int | None) -> Iterator[dict[str, Any]]:
    """The carriers of these additions: none where there is nothing to add."""
    for first in range(0, len(peers), PEERS_A_CARRIER):
        yield _carrier({"peers": peers[first : first + PEERS_A_CARRIER]})
    if unread is not None:
        yield _carrier({"unread": unread})


def _carrier(said: dict[str, Any]) -> dict[str, Any]:
    """The form of a carrier."""
    return {
        "kind": "data",
        "source": NOBODY,
        "target": NOBODY,
        "activation": _ACTIVATION,
        "number": LAST_NUMBER,
        "base": 0,
        "body": to_json(said).decode(),
    }
