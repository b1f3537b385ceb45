"""Tests of the page's cards and stories: what will follow is said as it will be, and stories are what they say."""

from dataclasses import replace
from typing import Any

import pytest

from console.client import Refused
from console.topology import Context, KnownEndpoint
from console.web.page.stepping import follows, plain
from console.web.page.stories import STORIES, story, to_tell
from shared.broker.address import BrokerAddress
from tests.unit.test_why import other, own


@pytest.mark.parametrize(
    ("label", "changes", "words"),
    [
        ("Initiate 1.1 up Connecting ack -.0 got 0", {"status": "Idle"}, "if all else agrees, it is Accepting from"),
        (
            "Initiate 1.1 up Connecting ack -.0 got 0",
            {"status": "Idle", "peer": None},
            "has not named ri-b as its peer",
        ),
        ("Initiate 1.1 up Connecting ack -.0 got 0", {"status": "Accepting"}, "is Accepting already and stays so"),
        ("NotReady - answers 1.1 PeerNotConfigured", {}, "learns why the connection is not up"),
        ("Data 3 in 1.1/1.1", {}, "takes payload 3 in, once"),
        (
            "Declare 1.1 up Accepting ack 1.1 got 0",
            {"status": "Connecting"},
            "it is Activated from then on, and answers",
        ),
        ("Declare 1.1 up Activated ack 1.1 got 0", {"status": "Accepting"}, "it is Activated from then on."),
        ("Declare 1.1 up Activated ack 1.1 got 0", {"status": "Activated"}, "is Activated already and stays so."),
        (
            "Declare 1.2 suspended Suspending ack 1.1 got 0",
            {"status": "Activated"},
            "is Suspending from then on, and",
        ),
        ("Declare 1.2 suspended Suspended ack 1.1 got 0", {"status": "Suspending"}, "it is Suspended from then on."),
        ("Declare 1.3 up Activating ack 1.1 got 0", {"status": "Suspended"}, "it is Activating from then on, and"),
        ("Declare 1.2 deleted Deleting ack 1.1 got 0", {}, "learns that the other end is deleted, and answers"),
        ("Declare 1.1 up Accepting ack 1.1 got 0", {"version": 2}, "not recorded at the other end yet"),
    ],
)
def test_what_follows_is_said_from_how_the_receiver_stands(label: str, changes: dict[str, Any], words: str) -> None:
    assert words in follows(label, "ri-b", "ri-a", own(**changes))


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("Initiate 1.1 up Connecting ack -.0 got 0", "ri-b asks ri-a to connect"),
        ("NotReady - answers 1.1 PeerNotConfigured", "ri-b is not ready: PeerNotConfigured"),
        ("Data 3 in 1.1/1.1", "ri-b sends payload 3"),
        ("Declare 1.1 up Connecting ack -.0 got 0", "ri-b wants the connection up, is Connecting"),
        ("Declare 1.2 suspended Suspending ack 1.1 got 0", "ri-b suspends it, is Suspending, and has heard ri-a"),
        ("Declare 1.2 deleted Deleting ack 1.1 got 0", "ri-b gives it up, is Deleting, and has heard ri-a"),
        ("Request 7", "Request 7"),
    ],
)
def test_a_card_says_in_a_plain_sentence_what_its_message_says(label: str, sentence: str) -> None:
    assert plain(label, "ri-b", "ri-a") == sentence


def test_of_a_receiver_that_does_not_answer_nothing_is_foretold() -> None:
    assert follows("Declare 1.1 up Accepting ack 1.1 got 0", "ri-a", "ri-b", None) == "ri-b records it."
    assert "compares it with" in follows("Initiate 1.1 up Connecting ack -.0 got 0", "ri-a", "ri-b", None)
    assert "takes payload 1" in follows("Data 1 in 1.1/1.1", "ri-a", "ri-b", other())


def context_of(*owners: str) -> Context:
    """A context with an initiator and an acceptor, each of one of these accounts, which share a login."""
    known = [
        KnownEndpoint(f"vpc-{place}", "vpc", owner, "cn-x", role)
        for place, (owner, role) in enumerate(zip(owners, ("initiator", "acceptor"), strict=True))
    ]
    return Context("a test", BrokerAddress("127.0.0.1", 5672, "/"), (), tuple(known), shared_login=True)


@pytest.mark.parametrize("name", STORIES)
def test_each_story_is_told_with_the_pages_own_actions(name: str) -> None:
    told = to_tell(name, context_of("alice", "bob"))
    assert len(told.steps) == len(story(name).steps) > 4
    acts = [act for step in told.steps for act in step["do"]]
    for place in (told.left, told.right):
        interface, endpoint = place.split("@")
        assert {"do": "create", "endpoint": endpoint, "interface": interface} in [
            {key: act.get(key) for key in ("do", "endpoint", "interface")} for act in acts
        ]
    assert all(act["fault"]["interface"] == told.left.split("@")[0] for act in acts if act["do"] == "fault")
    assert told.steps[-1]["until"] == ("Activated", "Activated")


def test_the_sides_are_called_by_their_owners_or_as_endpoints_if_one_account_owns_both() -> None:
    assert "Alice and Bob are connected." in str(to_tell("suspended", context_of("alice", "bob")).steps[0]["say"])
    assert "vpc-0 and vpc-1 are connected." in str(to_tell("suspended", context_of("alice", "alice")).steps[0]["say"])


def test_there_is_no_other_story_and_none_without_two_endpoints() -> None:
    both = context_of("alice", "bob")
    with pytest.raises(KeyError):
        to_tell("../../etc/passwd", both)
    with pytest.raises(Refused, match="needs an initiator and an acceptor"):
        to_tell("suspended", replace(both, endpoints=both.endpoints[:1]))
