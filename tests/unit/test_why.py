"""Tests of the sentence that says why: each is pinned."""

import time
from typing import Any

import pytest

from console.client.why import link_exists, link_sentence, payer, waiting, why
from shared.wire.views import InterfaceView, PeerView, TimelineRow


def own(**changes: Any) -> InterfaceView:  # noqa: ANN401 - any field
    return end("a", "b", role="initiator", **changes)


def other(**changes: Any) -> InterfaceView:  # noqa: ANN401 - any field
    return end("b", "a", role="acceptor", **changes)


def end(which: str, opposite: str, **changes: Any) -> InterfaceView:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "interface": f"ri-{which}",
        "name": "",
        "endpoint": f"vpc-{which}",
        "kind": "vpc",
        "account": f"owner-{which}",
        "region": "cn",
        "status": "Activated",
        "peer": peer_view(opposite),
        "holds": [],
        "charged": "nobody",
        "reason": None,
        "reason_code": None,
        "unacknowledged": 0,
        "epoch": 1,
        "version": 1,
    }
    return InterfaceView(**(fields | changes))


def peer_view(which: str, **changes: Any) -> PeerView:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "interface": f"ri-{which}",
        "endpoint": f"vpc-{which}",
        "account": f"owner-{which}",
        "region": "cn",
        "reachable": True,
        "status": "Activated",
    }
    return PeerView(**(fields | changes))


def test_a_link_is_two_activated_ends_that_name_each_other() -> None:
    assert link_exists(own(), other()) is True
    assert link_exists(own(), None) is None
    assert link_exists(own(status="Suspended"), None) is False
    assert link_exists(own(), other(status="Suspending")) is False
    assert link_exists(own(), other(peer=peer_view("c"))) is False
    assert "both Activated and name each other" in link_sentence(own(), other())
    assert "cannot be asked from here (last heard: Activated)" in link_sentence(own(), None)
    assert link_sentence(own(status="Idle"), None) == "The link does not exist."


@pytest.mark.parametrize(
    ("role", "charged", "expected"),
    [
        ("initiator", "nobody", "nobody"),
        ("acceptor", "nobody", "nobody"),
        ("initiator", "this end", "the initiator"),
        ("acceptor", "the peer", "the initiator"),
    ],
)
def test_the_payer_is_named_alike_from_either_end(role: str, charged: str, expected: str) -> None:
    assert payer(end("a", "b", role=role, charged=charged)) == expected


IDLE: dict[str, Any] = {"status": "Idle"}
HELD_HERE: dict[str, Any] = {"status": "Suspended", "holds": ["own"]}
HELD_THERE: dict[str, Any] = {"status": "Suspended", "holds": ["peer"]}


@pytest.mark.parametrize(
    ("this", "that", "expected"),
    [
        (own(), other(), "ri-a is up: both ends are Activated and name each other."),
        (own(), None, "ri-a is up: it is Activated, and its peer has confirmed it."),
        (
            own(peer=peer_view("b", reachable=False), reason="Nothing was heard from vpc-b for 40 s."),
            None,
            "ri-a is Activated, but the peer is silent: nothing was heard from vpc-b for 40 s.",
        ),
        (
            own(**IDLE, peer=None),
            None,
            "Peer information is not configured at ri-a on vpc-a of account owner-a: `peering configure` does it.",
        ),
        (
            own(status="Connecting"),
            other(**IDLE, peer=None),
            "Peer information is not configured at ri-b on vpc-b of account owner-b: `peering configure` does it.",
        ),
        (
            own(status="Connecting"),
            other(**IDLE, peer=peer_view("a", region="us", account="eve")),
            (
                "ri-b on vpc-b has other peer information than the other end really is: "
                "account eve instead of owner-a, region us instead of cn."
            ),
        ),
        (
            own(**IDLE, reason="The connection has not been initiated.", reason_code="NotInitiated"),
            other(**IDLE),
            "Nobody has initiated the connection: `peering initiate ri-a` does it.",
        ),
        (
            other(**IDLE, reason="Waiting for the peer to initiate the connection.", reason_code="Waiting"),
            own(**IDLE, reason="The connection has not been initiated.", reason_code="NotInitiated"),
            "Nobody has initiated the connection: `peering initiate ri-a` does it.",
        ),
        (
            own(**HELD_HERE),
            other(**HELD_THERE),
            "ri-a on vpc-a is Suspended: suspended by account owner-a; who suspended it can resume it.",
        ),
        (
            own(status="Suspended", holds=["own", "peer"]),
            None,
            (
                "ri-a on vpc-a is Suspended: suspended by account owner-a and account owner-b at both ends; "
                "who suspended it can resume it."
            ),
        ),
        (
            own(status="Deleted", reason="The peer's owner deleted the other end."),
            None,
            "ri-a on vpc-a is Deleted: the peer's owner deleted the other end.",
        ),
        (
            own(status="Connecting", reason="The peer's owner has not configured this interface as its peer."),
            None,
            "ri-a on vpc-a is Connecting: the peer's owner has not configured this interface as its peer.",
        ),
    ],
)
def test_the_deepest_cause_is_told(this: InterfaceView, that: InterfaceView | None, expected: str) -> None:
    assert why(this, that) == expected


def test_a_peer_that_does_not_answer_is_told() -> None:
    silent = "The worker of vpc-b did not answer within 10 s."
    assert why(own(), None, silent).endswith("silent: the worker of vpc-b did not answer within 10 s.")
    assert why(own(status="Suspending"), None, silent).startswith("ri-a is Suspending, and the peer's worker cannot")


def suspending(seconds: float, repeats: int) -> list[TimelineRow]:
    """The record of an end that was suspended so long ago, and has asked again so often."""
    now = time.time()
    steps = [
        (seconds + 1, "Activated", "Activated", "heard Declare 1.1 up Activated ack 1.1 got 0", []),
        (seconds, "Activated", "Suspending", "command suspend", ["Declare 1.2 suspended Suspending ack 1.1 got 0"]),
        *((seconds / 2, "Suspending", "Suspending", "timer resend", ["again"]) for _ in range(repeats)),
    ]
    return [
        TimelineRow(row=row, at=now - ago, interface="ri-a", was=was, status=status, cause=cause, said=said)
        for row, (ago, was, status, cause, said) in enumerate(steps, 1)
    ]


def test_a_suspension_that_the_peer_has_not_heard_says_what_is_waited_for_since_when_and_how_often_it_was_asked() -> (
    None
):
    this, that = own(status="Suspending", holds=["own"]), other()
    waited = waiting(this, that, suspending(12, 3), [])
    assert why(this, that, waited=waited) == (
        "ri-a on vpc-a is Suspending: suspended by account owner-a; who suspended it can resume it. "
        "ri-a has waited for 12 s for ri-b to acknowledge this, and said it 4 times; last heard: Activated, 13 s ago."
    )
    seen = waiting(that, this, [], suspending(12, 9))
    assert why(that, this, waited=seen, faults=["fault 2, cut everything (struck 4)"]) == (
        "ri-b on vpc-b is Activated, because it has not heard that the connection is suspended by account owner-a. "
        "ri-a has waited for 12 s for ri-b to acknowledge this, and said it at least 10 times; last heard: Activated, "
        "13 s ago. On purpose: fault 2, cut everything (struck 4)."
    )


def test_an_end_that_its_peer_answered_not_ready_is_not_said_to_have_heard_nothing() -> None:
    reason = {"reason_code": "PeerNotConfigured", "reason": "The peer's owner has not configured this interface."}
    this = own(status="Connecting", peer=peer_view("b", status=None), **reason)
    waited = waiting(this, None, suspending(12, 1)[1:], [])
    assert why(this, None, waited=waited) == (
        "ri-a on vpc-a is Connecting: the peer's owner has not configured this interface. "
        "ri-a has waited for 12 s for ri-b to be ready, asked 2 times, and was answered that."
    )


def test_nobody_waits_where_both_ends_are_stable() -> None:
    assert waiting(own(), other(), suspending(3, 1), suspending(3, 1)) is None
    assert waiting(own(status="Suspending"), None, [], []) is None


def test_an_activated_end_whose_words_reach_nobody_is_not_said_to_be_activated_because_of_that() -> None:
    cut = own(reason="The broker has no queue that leads from here to vpc-b.", reason_code="NoRoute")
    assert why(cut, other(status="Accepting")) == (
        "ri-a on vpc-a is Activated, and the other end is not: the broker has no queue that leads from here to vpc-b."
    )


@pytest.mark.parametrize("status", ["Idle", "Connecting", "Activated", "Suspending"])
@pytest.mark.parametrize("asked", [own, other])
def test_a_worker_that_is_behind_is_named_before_anything_else(asked: Any, status: str) -> None:  # noqa: ANN401
    said = "This end's worker speaks a newer protocol, version 2: the worker of vpc-b has to be brought up to date."
    newer = own(
        status=status, reason=said, reason_code="NewerProtocol", holds=["own"] if status == "Suspending" else []
    )
    ends = (newer, other(status="Activated"))
    first, second = ends if asked is own else ends[::-1]
    assert why(first, second) == f"ri-a on vpc-a is {status}: t{said[1:]}"
