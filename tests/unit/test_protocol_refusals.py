"""Tests of refusals, each at the edge of what is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from lab.explore.state import created
from shared.protocol import commands, refusals
from shared.protocol.effects import Forget, Keep, Refused, Say
from shared.protocol.events import Configure, Delete, Restate, Send
from shared.protocol.interface import Interface, timers
from shared.protocol.refusals import Refusal
from shared.protocol.words import Endpoint, Epoch, Kind, PeerInformation, Role, Timer
from tests.unit.transcripts import play

NONCE = 99

ESTABLISHED = """
    initiator: initiate
      Idle -> Connecting
      #1 Initiate 1.1 up Connecting ack -.0 got 0
    acceptor: hears #1
      Idle -> Accepting
      #2 Declare 1.1 up Accepting ack 1.1 got 0
    initiator: hears #2
      Connecting -> Activated
      #3 Declare 1.1 up Activated ack 1.1 got 0
    acceptor: hears #3
      Accepting -> Activated
      ignored: nothing new
"""


def peer(endpoint: str, region: str = "cn-hangzhou") -> PeerInformation:
    return PeerInformation("ri-z", endpoint, "zoe", region)


def idle(role: Role, kind: Kind) -> Interface:
    return replace(created(0, 0, configured=False).end, role=role, endpoint=Endpoint(f"{kind}-a", kind, "al", "cn"))


@pytest.mark.parametrize(
    ("role", "kind", "other", "refusal"),
    [
        (INITIATOR, Kind.VPC, "vpc-a", refusals.SAME_ENDPOINT),
        (INITIATOR, Kind.VBR, "vbr-b", refusals.VBR_TO_VBR),
        (INITIATOR, Kind.VPC, "vbr-b", refusals.PEER_KIND_NOT_ALLOWED),
        (INITIATOR, Kind.VPC, "gateway-b", refusals.PEER_KIND_NOT_ALLOWED),
        (INITIATOR, Kind.VBR, "vpc-b", None),
        (ACCEPTOR, Kind.VPC, "vbr-b", None),
        (ACCEPTOR, Kind.VPC, "vpc-b", None),
    ],
)
def test_which_endpoints_can_be_peers(role: Role, kind: Kind, other: str, refusal: Refusal | None) -> None:
    end = idle(role, kind)
    after, effects = initiator_step(end, Configure(peer(other), NONCE))
    assert effects == (() if refusal is None else (Refused(refusal),))
    assert after.peer == (peer(other) if refusal is None else None)


def test_peer_information_of_an_unused_interface_changes_in_the_same_epoch() -> None:
    end = created(0, 0).end
    after, effects = initiator_step(end, Configure(peer("vpc-z"), NONCE))
    assert (after.epoch, after.peer, effects) == (end.epoch, peer("vpc-z"), ())


def test_another_peer_after_a_used_epoch_begins_a_new_one_and_forgets_the_old_peers_payloads() -> None:
    initiator, _ = play(ESTABLISHED)
    used = replace(initiator, open=False, sent=3, sent_acknowledged=1, received=2)
    after, effects = initiator_step(used, Configure(peer("vpc-z"), NONCE))
    assert effects == (Forget(3),)
    assert after.epoch == Epoch(2, NONCE)
    assert (after.peer_epoch, after.peer_version, after.received, after.unacknowledged) == (None, 0, 0, 0)
    nothing_waits = replace(used, sent_acknowledged=3)
    assert initiator_step(nothing_waits, Configure(peer("vpc-z"), NONCE)).effects == ()


def test_the_128th_payload_is_kept_and_the_129th_is_refused() -> None:
    end, _ = play(ESTABLISHED)
    for number in range(1, commands.UNACKNOWLEDGED_LIMIT_PAYLOADS + 1):
        end, effects = initiator_step(end, Send("x"))
        assert effects[0] == Keep(number, "x")
    full = initiator_step(end, Send("x"))
    assert full == (end, (Refused(refusals.BUSY),))


def test_deleting_says_it_to_the_peer_only_if_there_is_one() -> None:
    unconfigured = created(1, 0, configured=False).end
    assert acceptor_step(unconfigured, Delete()).effects == ()
    established, _ = play(ESTABLISHED)
    assert isinstance(initiator_step(established, Delete()).effects[0], Say)


def test_what_is_not_a_command_is_refused_and_changes_nothing() -> None:
    end = created(0, 0).end
    state, effects = commands.handle_command(end, Restate())
    assert state is end
    assert effects == (Refused(refusals.INVALID_REQUEST, "Restate is not for this end."),)


def test_timers_are_read_off_the_record() -> None:
    initiator, acceptor = play(ESTABLISHED)
    assert timers(created(0, 0).end) == frozenset()
    assert timers(replace(created(0, 0).end, open=True, version=1)) == {Timer.RESEND, Timer.CONNECT}
    assert timers(initiator) == timers(acceptor) == frozenset()
    sending = initiator_step(initiator, Send("x")).state
    assert timers(sending) == {Timer.RESEND}
    assert timers(replace(acceptor, version=2)) == {Timer.RESEND}


@pytest.mark.parametrize(
    ("role", "region", "charged"),
    [
        (INITIATOR, "cn", False),
        (INITIATOR, "eu", True),
        (ACCEPTOR, "cn", False),
        (ACCEPTOR, "eu", False),
    ],
)
def test_the_articles_rows_on_who_is_charged(role: Role, region: str, *, charged: bool) -> None:
    end = idle(role, Kind.VPC)
    assert not end.charged
    assert replace(end, peer=peer("vpc-z", region)).charged is charged


def test_an_endpoints_kind_is_read_off_its_id() -> None:
    assert [Kind.of("vpc-1"), Kind.of("vbr-1"), Kind.of("eni-1")] == [Kind.VPC, Kind.VBR, None]
