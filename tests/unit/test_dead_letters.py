"""Tests of dead letters as they are read and judged: who may be believed about whom, and what can be said again."""

from __future__ import annotations

import pytest

from console.faults.dead_letters import refusal
from shared.broker.dead_letters import BROKER, DeadLetter, StoredMessage, dead_letter, read_dead_letter
from shared.broker.messages import Delivery
from shared.broker.names import DEAD_LETTER_EXCHANGE, endpoint_queue, exchange_name
from shared.runtime.rejections import REJECTIONS, code_of
from shared.wire.request import KINDS

VHOST = "peering"
QUEUE = endpoint_queue("bob", "vpc-bob", "alice").name


def came(body: bytes = b"{}", *, queue: str = QUEUE, exchange: str = "alice", user: str | None = "alice") -> Delivery:
    """A delivery as it came to Bob's worker."""
    return Delivery(
        queue, exchange_name(exchange), user, KINDS.bundle, body, None, None, "m-1", redelivered=False, tag=1, session=1
    )


def stored(delivery: Delivery, *, by: str = "bob", user: str | None = None) -> StoredMessage:
    """The copy as it lies in the queue of dead letters, set aside by an account's worker."""
    copy = dead_letter(delivery, "Invalid JSON: …")
    return StoredMessage(exchange_name(by), user or by, copy.type, "m-2", copy.headers or {}, copy.body)


def read(delivery: Delivery, **how: str) -> DeadLetter:
    return read_dead_letter(stored(delivery, **how), VHOST)


def code(dead: DeadLetter) -> str | None:
    refused = refusal(dead, enforced=True)
    return None if refused is None else refused.code


def test_one_says_whose_it_was_whom_it_was_for_and_who_set_it_aside() -> None:
    dead = read(came())
    assert dead.queue is not None
    assert (dead.queue.sender, dead.queue.endpoint, dead.set_aside_by) == ("alice", "vpc-bob", "bob")
    assert (dead.reason, dead.size_bytes, dead.at is not None) == ("Invalid JSON: …", 2, True)


def test_what_is_the_same_has_the_same_id_and_looks_do_not_change_it() -> None:
    first = stored(came())
    again = first._replace(headers={**first.headers, "x-delivery-count": 7})
    other = first._replace(user_id="mallory")
    ids = [read_dead_letter(one, VHOST).id for one in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("dead", "wanted"),
    [
        (read(came(), by="mallory"), "NotItsReceiver"),
        (read(came(), user="mallory"), "NotItsReceiver"),
        (read(came(queue="peering.q.bob")), "UnknownOrigin"),
        (read(came(exchange="mallory", user="mallory")), "SenderNotProven"),
        (read(came(user=None)), "SenderNotProven"),
        (read(came(b"x" * 100_000)), "CutOff"),
        (read(came(b"{}")), "StillUnreadable"),
    ],
)
def test_what_would_deceive_its_receiver_or_come_back_is_not_said_again(dead: DeadLetter, wanted: str) -> None:
    assert code(dead) == wanted


def test_what_the_broker_set_aside_is_told_from_what_somebody_says_that_it_did() -> None:
    headers = {"x-death": [{"queue": QUEUE, "exchange": exchange_name("alice"), "reason": "delivery_limit"}]}
    own = StoredMessage(DEAD_LETTER_EXCHANGE, "alice", KINDS.bundle, "m", headers, b"{}")
    said = own._replace(exchange=exchange_name("mallory"), user_id="mallory")
    assert [read_dead_letter(one, VHOST).set_aside_by for one in (own, said)] == [BROKER, "mallory"]
    assert code(read_dead_letter(said, VHOST)) == "UnknownOrigin"


@pytest.mark.parametrize(
    "headers", [{}, {"x-death": 3}, {"x-death": [3]}, {"x-peering-queue": b"\xff", "x-peering-bytes": "-"}]
)
def test_nothing_in_one_keeps_it_from_being_read(headers: dict[str, object]) -> None:
    for exchange in (DEAD_LETTER_EXCHANGE, "", exchange_name("mallory")):
        dead = read_dead_letter(StoredMessage(exchange, None, None, None, headers, b"\xff"), VHOST)
        assert (dead.queue, code(dead)) == (None, "UnknownOrigin")


def test_every_kind_of_reason_is_found_by_its_sentence() -> None:
    for one in REJECTIONS:
        assert code_of(one.text.replace("…", "12")) in {one.code, REJECTIONS[-1].code}
    assert code_of("the body has 2000000 bytes, more than 1048576") == "TooLong"
    assert code_of("messages.0.declare.version: Input should be a valid integer") == "WrongForm"
