"""Tests of two ends of different versions: every order of events, where one of them has only the words of 0.1.0."""

from __future__ import annotations

import pytest

from lab.explore.bounds import SMALL
from lab.explore.machine import SHIPPED, Steps
from lab.explore.older import in_words_of_0_1_0
from lab.explore.search import Findings, explore
from lab.explore.state import beginning

INITIATOR, ACCEPTOR = SHIPPED
OLDER: dict[str, Steps] = {
    "initiator": (in_words_of_0_1_0(INITIATOR), ACCEPTOR),
    "acceptor": (INITIATOR, in_words_of_0_1_0(ACCEPTOR)),
    "both": (in_words_of_0_1_0(INITIATOR), in_words_of_0_1_0(ACCEPTOR)),
}
BOUNDS = {bound.name: bound for bound in SMALL}
NAMES = [
    *("nothing but the network", "the initiator gives up twice", "the acceptor's owner is late"),
    *("a command of each, a payload each way", "a command of each, and a stranger who repeats"),
    *("two commands of the initiator's", "two commands of the acceptor's", "a lost store", "a backup put back"),
]
"""Bounds without what 0.1.0 compares less or does not know: mistakes of owners, lies, and rejections."""


def explored(name: str, older: str) -> Findings:
    """Go through a bound with these ends of 0.1.0."""
    bound = BOUNDS[name]
    return explore(beginning(bound.budget, configured=bound.configured), steps=OLDER[older])


@pytest.mark.parametrize("older", OLDER)
@pytest.mark.parametrize("name", NAMES)
def test_all_holds_between_two_versions(name: str, older: str) -> None:
    findings = explored(name, older)
    assert findings.violation is None, "\n".join([f"{findings.broken}: {findings.violation}", *findings.trace])
    assert findings.complete
    assert findings.worst_rounds <= 3


@pytest.mark.parametrize(("older", "broken"), [("initiator", "consent"), ("acceptor", "admitted")])
def test_what_0_1_0_does_not_say_is_not_compared(older: str, broken: str) -> None:
    """What the owner of the initiating end named wrongly is not seen, as docs/architecture.md says in section 11."""
    findings = explored("the initiator's owner is wrong at first", older)
    assert findings.broken == broken
