"""Which fault strikes which message: the pure function, and what cannot be asked for at all."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from console.faults.judging import Count, Passing, Rule, judge, note, used_up
from console.faults.model import Fault
from shared.protocol.messages import Claims, Data, Declare, NotReady, Reason
from shared.protocol.words import Activation, Epoch, Intent, Kind, Status

MINE, THEIRS = Epoch(1, 11), Epoch(1, 22)
CLAIMS = Claims("ri-a", "vpc-a", Kind.VPC, "alice", "cn-x")
INITIATE = Declare(MINE, 1, Intent.UP, None, 0, 0, Status.CONNECTING, CLAIMS)
CONFIRM = Declare(MINE, 1, Intent.UP, THEIRS, 1, 0, Status.ACTIVATED)
SUSPEND = Declare(MINE, 2, Intent.SUSPENDED, THEIRS, 1, 0, Status.SUSPENDING)
NOT_READY = NotReady(THEIRS, MINE, 1, Reason.PEER_NOT_CONFIGURED)
DATA = Data(Activation(MINE, 1, THEIRS, 1), 1, 0, "hello")
THERE = Passing("vpc-a", "alice", "vpc-b", "bob", "ri-a", "ri-b", INITIATE)
BACK = Passing("vpc-b", "bob", "vpc-a", "alice", "ri-b", "ri-a", NOT_READY)
ALL = {
    "initiate": THERE,
    "confirm": THERE._replace(message=CONFIRM),
    "suspend": THERE._replace(message=SUSPEND),
    "data": THERE._replace(message=DATA),
    "not_ready": BACK,
    "bundle": THERE._replace(source="", target="", message=None),
}


def fault(do: str = "drop", **fields: Any) -> Fault:  # noqa: ANN401 - whatever a fault has
    return Fault.model_validate({"do": do, **fields})


def never(_: int) -> float:
    return 0.0


def run(wanted: Fault, *messages: Passing, draws: tuple[float, ...] = ()) -> list[bool]:
    """Which of these messages a fault strikes, one after the other."""
    counts, left, struck = {1: Count()}, iter(draws), []
    for message in messages:
        judgement = judge([Rule(1, wanted)], message, counts, lambda _: next(left, 0.0))
        note(judgement, message, counts)
        struck.append(judgement.struck is not None)
    return struck


def struck_by(**fields: Any) -> set[str]:  # noqa: ANN401 - whatever a fault has
    """Which of all messages a fault strikes, each alone."""
    return {name for name, one in ALL.items() if run(fault(**fields), one) == [True]}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"from": "vpc-a"}, {"initiate", "confirm", "suspend", "data"}),
        ({"from": "bob"}, {"not_ready"}),
        ({"to": "bob"}, {"initiate", "confirm", "suspend", "data"}),
        ({"from": "vpc-a", "to": "vpc-c"}, set()),
        ({"from": "vpc-b", "to": "vpc-a", "both": True}, {"initiate", "confirm", "suspend", "data", "not_ready"}),
        ({"interface": "ri-b"}, {"initiate", "confirm", "suspend", "data", "not_ready"}),
        ({"interface": "ri-c"}, set()),
        ({"to": "vpc-b", "message": "initiate"}, {"initiate"}),
        ({"to": "vpc-b", "message": "declare"}, {"confirm", "suspend"}),
        ({"to": "vpc-b", "message": "data"}, {"data"}),
        ({"to": "vpc-a", "message": "not_ready"}, {"not_ready"}),
        ({"to": "vpc-b", "status": "Activated"}, {"confirm"}),
        ({"to": "vpc-b", "intent": "suspended"}, {"suspend"}),
        ({"to": "vpc-b", "version": 2}, {"suspend"}),
        ({"do": "cut", "from": "vpc-a", "to": "vpc-b"}, {"bundle"}),
        ({"do": "cut", "from": "alice", "to": "vpc-c"}, set()),
        ({"do": "netem", "from": "vpc-a", "to": "bob"}, {"bundle"}),
    ],
)
def test_a_fault_strikes_what_it_matches_and_nothing_else(fields: dict[str, Any], names: set[str]) -> None:
    assert struck_by(**fields) == names


@pytest.mark.parametrize(
    ("which", "struck"),
    [("1", "x..."), ("2", ".x.."), ("2-3", ".xx."), ("3-", "..xx"), (None, "xxxx")],
)
def test_a_fault_strikes_some_of_the_messages_of_a_connection(which: str | None, struck: str) -> None:
    found = run(fault(to="vpc-b", which=which), *[THERE] * 4)
    assert "".join(".x"[one] for one in found) == struck


def test_which_counts_every_connection_by_itself() -> None:
    other = THERE._replace(source="ri-c", target="ri-d")
    assert run(fault(to="vpc-b", which="1"), THERE, other, THERE, other) == [True, True, False, False]


def test_times_counts_what_was_struck_whichever_connection_it_was_of() -> None:
    other = THERE._replace(source="ri-c", target="ri-d")
    assert run(fault(to="vpc-b", times=3), THERE, other, THERE, other) == [True, True, True, False]


def test_a_draw_decides_and_counts_only_for_what_matches() -> None:
    assert run(fault(to="vpc-b", percent=30), THERE, THERE, BACK, THERE, draws=(29.9, 30.0, 0.0)) == [
        True,
        False,
        False,
        True,
    ]


def test_the_first_fault_strikes_and_the_others_count_the_match() -> None:
    rules = [Rule(1, fault(to="vpc-b", which="1")), Rule(2, fault("hold", to="vpc-b", which="2"))]
    counts = {1: Count(), 2: Count()}
    struck = []
    for _ in range(3):
        judgement = judge(rules, THERE, counts, never)
        note(judgement, THERE, counts)
        struck.append(judgement.struck and judgement.struck.number)
    assert struck == [1, 2, None]


def test_the_next_connection_of_an_account_is_the_first_that_asks_after_the_fault_was_made() -> None:
    rule, counts = Rule(1, fault("hold", next_of="alice"), frozenset({"ri-old"})), {1: Count()}
    old = THERE._replace(source="ri-old")
    later = THERE._replace(source="ri-later")
    struck = []
    for message in (old, THERE._replace(message=CONFIRM), THERE, later, BACK, THERE):
        judgement = judge([rule], message, counts, never)
        note(judgement, message, counts)
        struck.append(judgement.struck is not None)
    assert struck == [False, False, True, False, True, True]
    assert counts[1].interface == "ri-a"


def test_the_next_connection_may_be_one_that_the_account_accepts() -> None:
    rule, counts = Rule(1, fault("drop", next_of="bob")), {1: Count()}
    judgement = judge([rule], THERE, counts, never)
    assert judgement.struck is rule
    assert judgement.found == {1: "ri-b"}


def test_a_fault_of_one_connection_is_used_up_when_its_last_message_has_come() -> None:
    one, any_of_them = fault(interface="ri-a", which="1-2"), fault(to="vpc-b", which="1-2")
    seen = Count(seen={("ri-a", "ri-b"): 2})
    assert used_up(one, seen)
    assert not used_up(any_of_them, seen), "another connection may still come"
    assert not used_up(one, Count(seen={("ri-a", "ri-b"): 1}))
    assert used_up(fault(to="vpc-b", times=2), Count(struck=2))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"do": "drop"}, "must say whose messages"),
        ({"do": "kill"}, "needs `worker`"),
        ({"do": "kill", "worker": "vpc-a", "to": "vpc-a"}, "to no message"),
        ({"do": "drop", "worker": "vpc-a"}, "done to messages"),
        ({"do": "cut"}, "needs `from` or `to`"),
        ({"do": "cut", "from": "vpc-a", "to": "vpc-b", "message": "data"}, "chooses no message"),
        ({"do": "drop", "interface": "ri-a", "next_of": "alice"}, "one of them is right"),
        ({"do": "explode", "to": "vpc-a"}, "Input should be"),
        ({"do": "drop", "to": "vpc-a", "which": "0"}, "should match pattern"),
        ({"do": "drop", "to": "vpc-a", "mesage": "data"}, "Extra inputs"),
    ],
)
def test_what_would_mean_nothing_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Fault.model_validate(fields)


def test_a_fault_says_what_it_does() -> None:
    assert fault(to="vpc-b", message="declare", intent="up", which="1-2", **{"from": "vpc-a"}).sentence == (
        "drop up declare 1-2 from vpc-a to vpc-b"
    )
    assert (
        fault("cut", to="vpc-b", both=True, **{"from": "vpc-a"}).sentence
        == "cut everything from vpc-a to vpc-b and back"
    )
    assert fault("hold", next_of="alice").sentence == "hold every message of the next connection of account alice"
    assert fault("kill", worker="vpc-a").sentence == "kill the worker of vpc-a"
