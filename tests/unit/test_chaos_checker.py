"""Tests of the chaos checker: each history is bad in one way, and is called so in these words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.chaos.checker import check
from lab.chaos.evidence import Evidence, promises
from lab.chaos.figures import count
from lab.chaos.timeline_checks import holds
from shared.protocol.words import Intent
from tests.unit.chaos_evidence import (
    HUB,
    MINE,
    NORTH,
    THEIRS,
    Spoil,
    change,
    good_history,
    inbox,
    row_of,
    spoilt,
    timeline,
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Make the good history once; whoever spoils it spoils a copy."""
    return good_history(tmp_path_factory.mktemp("stores"))


def request_with(evidence: Evidence, kind: str) -> str:
    """The last request that asked this."""
    return [name for name, one in evidence.requests.items() if one.commands[0]["kind"] == kind][-1]


def lose_last_payload(evidence: Evidence) -> None:
    del inbox(evidence, THEIRS)[-1]


def lose_middle_payload(evidence: Evidence) -> None:
    del inbox(evidence, THEIRS)[1]


def double_payload(evidence: Evidence) -> None:
    arrived = inbox(evidence, THEIRS)
    arrived.append(arrived[-1]._replace(number=len(arrived) + 1))


def deliver_again(evidence: Evidence) -> None:
    arrived = inbox(evidence, THEIRS)
    arrived.insert(1, arrived[0])


def reorder_payloads(evidence: Evidence) -> None:
    arrived = inbox(evidence, THEIRS)
    arrived[0], arrived[1] = arrived[1], arrived[0]


def change_body(evidence: Evidence) -> None:
    arrived = inbox(evidence, THEIRS)
    arrived[1] = arrived[1]._replace(body="there 9")


def deliver_refused(evidence: Evidence) -> None:
    change(evidence, THEIRS, sent=3)
    arrived = inbox(evidence, MINE)
    arrived.append(arrived[-1]._replace(number=3, body="in vain"))


def deliver_unasked(evidence: Evidence) -> None:
    change(evidence, THEIRS, sent=3)
    arrived = inbox(evidence, MINE)
    arrived.append(arrived[-1]._replace(number=3, body="nobody said this"))


def forget_accepted(evidence: Evidence) -> None:
    change(evidence, MINE, sent=2)


def number_twice(evidence: Evidence) -> None:
    answer = evidence.requests[request_with(evidence, "send")].answers
    assert answer is not None
    assert answer[0]["outcome"] == "done"
    answer[0]["result"] = {"interface": THEIRS, "number": 1}


def keep_another(evidence: Evidence) -> None:
    evidence.stores[HUB].outboxes[MINE] = [(2, "there 9")]


def disagree_at_the_end(evidence: Evidence) -> None:
    change(evidence, THEIRS, intent=Intent.SUSPENDED)


def believe_too_much(evidence: Evidence) -> None:
    record = evidence.stores[HUB].interfaces[MINE]
    change(evidence, MINE, version=record.version + 1, acknowledged=record.version + 1)


def leave_payload_unacknowledged(evidence: Evidence) -> None:
    change(evidence, MINE, sent_acknowledged=2)


def lose_interface(evidence: Evidence) -> None:
    del evidence.stores[NORTH].interfaces[THEIRS]


def forget_command(evidence: Evidence) -> None:
    place = row_of(evidence, MINE, "command suspend")
    timeline(evidence, MINE)[place] = timeline(evidence, MINE)[place]._replace(cause="something else")


def repeat_command(evidence: Evidence) -> None:
    rows = timeline(evidence, MINE)
    rows.append(rows[row_of(evidence, MINE, "command send")])


def create_twice(evidence: Evidence) -> None:
    rows = timeline(evidence, MINE)
    rows.insert(1, rows[0]._replace(was=rows[0].status))


def forget_answer(evidence: Evidence) -> None:
    evidence.stores[HUB].answers.pop(request_with(evidence, "suspend"))


def answer_otherwise(evidence: Evidence) -> None:
    name = request_with(evidence, "suspend")
    evidence.stores[HUB].answers[name] = [{"outcome": "refused", "code": "IncorrectStatus", "sentence": "No."}]


def lose_row(evidence: Evidence) -> None:
    del timeline(evidence, MINE)[row_of(evidence, MINE, "command suspend") + 1]


def end_otherwise(evidence: Evidence) -> None:
    rows = timeline(evidence, MINE)
    rows[-1] = rows[-1]._replace(status="Suspended")


def forget_what_was_said(evidence: Evidence) -> None:
    place = row_of(evidence, MINE, "command suspend")
    timeline(evidence, MINE)[place] = timeline(evidence, MINE)[place]._replace(said="")


def hear_too_early(evidence: Evidence) -> None:
    place = row_of(evidence, THEIRS, "heard Declare")
    timeline(evidence, THEIRS)[place] = timeline(evidence, THEIRS)[place]._replace(at=0.0)


def activate_alone(evidence: Evidence) -> None:
    rows = timeline(evidence, MINE)
    place = next(place for place, row in enumerate(rows) if row.status == "Activated" != row.was)
    rows[place] = rows[place]._replace(cause="command initiate", was="Connecting")


def activate_on_old_word(evidence: Evidence) -> None:
    rows = timeline(evidence, MINE)
    first, *_, last = (place for place, row in enumerate(rows) if row.status == "Activated" != row.was)
    rows[last] = rows[last]._replace(cause=rows[first].cause)


def deliver_during_hold(evidence: Evidence) -> None:
    hold = next(holds(timeline(evidence, MINE)))
    arrived = inbox(evidence, THEIRS)
    arrived[-1] = arrived[-1]._replace(at=(hold.since + hold.until) / 2)


def stay_activated_during_hold(evidence: Evidence) -> None:
    hold = next(holds(timeline(evidence, MINE)))
    rows = timeline(evidence, THEIRS)
    place = next(place for place, row in enumerate(rows) if row.was == "Activated" != row.status)
    rows[place] = rows[place]._replace(at=(hold.since + hold.until) / 2)


BAD: Sequence[tuple[Spoil, str]] = (
    (lose_last_payload, "of 3 payloads that ri-a accepted only 2 arrived"),
    (lose_middle_payload, "payload 3 of ri-a arrived in place 2"),
    (double_payload, "'there 3' of ri-a arrived twice"),
    (deliver_again, "'there 1' of ri-a arrived twice"),
    (reorder_payloads, "payload 2 of ri-a arrived in place 1"),
    (change_body, "payload 2 of ri-a was 'there 2' and arrived as 'there 9'"),
    (deliver_refused, "ri-b refused 'in vain', and it arrived"),
    (deliver_unasked, "ri-b was never asked to send 'nobody said this'"),
    (forget_accepted, "ri-a accepted payload 3, and remembers only 2"),
    (number_twice, "ri-b gave one number to two payloads"),
    (keep_another, "ri-a keeps 'there 9' as payload 2, which was 'there 2'"),
    (disagree_at_the_end, "in the end ri-a is Activated"),
    (believe_too_much, "ri-a believes version 4 acknowledged, and the peer recorded 3"),
    (leave_payload_unacknowledged, "in the end ri-a is Activated with 1 payloads on their way"),
    (lose_interface, "ri-b does not exist, though its owner created it"),
    (forget_command, "ri-a was told 1 times that suspend is done, and it was done 0 times"),
    (repeat_command, "ri-a did send 4 times, and was asked to 3 times at the most"),
    (create_twice, "ri-a was created 2 times"),
    (forget_answer, "and does not remember it"),
    (answer_otherwise, "in two ways"),
    (lose_row, "the timeline of ri-a says Suspended after Suspending"),
    (end_otherwise, "the timeline of ri-a ends in Suspended, and it is Activated"),
    (forget_what_was_said, "and its peer does not remember to have said it"),
    (hear_too_early, "before its peer said it"),
    (activate_alone, "and became Activated because of: command initiate"),
    (activate_on_old_word, "and became Activated because of: heard Declare"),
    (deliver_during_hold, "'there 3' was delivered after ri-a was Suspended by its own will"),
    (stay_activated_during_hold, "ri-b was Activated after ri-a was Suspended by its own will"),
)


def test_a_good_history_is_good(good: Evidence) -> None:
    assert check(good) == []


@pytest.mark.parametrize(("spoil", "words"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_a_bad_history_is_called_so(good: Evidence, spoil: Spoil, words: str) -> None:
    found = check(spoilt(good, spoil))
    assert any(words in sentence for sentence in found), found


def test_what_a_deleted_end_did_not_deliver_is_not_lost(tmp_path: Path) -> None:
    deleted = good_history(tmp_path, (HUB, "delete", MINE))
    assert check(deleted) == []
    assert check(spoilt(deleted, lose_last_payload)) == []
    assert check(spoilt(deleted, lose_middle_payload))


def test_a_command_without_an_answer_may_have_been_carried_out_or_not(good: Evidence) -> None:
    assert check(spoilt(good, forget_reply_to_suspend)) == []
    unknown = spoilt(good, forget_reply_to_send)
    assert check(unknown) == []
    assert promises(unknown.requests.values())[THEIRS].unknown == {"back 2"}


def forget_reply_to_suspend(evidence: Evidence) -> None:
    evidence.requests[request_with(evidence, "suspend")].answers = None


def forget_reply_to_send(evidence: Evidence) -> None:
    evidence.requests[request_with(evidence, "send")].answers = None


def test_figures_are_counted_from_what_was_left(good: Evidence) -> None:
    arrived = inbox(good, THEIRS)
    entries = [
        {"at": 1.0, "what": "healed", "kind": "connection cut", "whom": HUB, "did": "2 connections reset"},
        {"at": 1.0, "what": "healed", "kind": "connection cut", "whom": HUB, "did": None},
        {"at": arrived[1].at + 0.001, "what": "calm"},
    ]
    figures = count("single", good, entries)
    assert figures.faults == {"connection cut": 1}
    assert figures.not_felt == 1
    assert (figures.connections, figures.deleted, figures.handshakes) == (1, 0, 1)
    assert (figures.payloads_accepted, figures.payloads_delivered, figures.payloads_dropped) == (5, 5, 0)
    assert figures.before_calm == {"handshakes": 1, "payloads delivered": 2}
    assert figures.unanswered == 0
    told = json.loads(json.dumps(figures.as_json()))
    assert told["faults_in_all"] == 1
    assert told["before_calm"] == {"payloads delivered": 2, "handshakes": 1}
