"""Tests of labels: what is said and what is heard read alike."""

from __future__ import annotations

import pytest

from shared.protocol.labels import label
from shared.protocol.messages import Claims, Data, Declare, Message, NotReady, Reason
from shared.protocol.words import Activation, Epoch, Intent, Kind, Status

ONE, TWO = Epoch(1, 7), Epoch(2, 8)
CLAIMS = Claims("ri-a", "vpc-a", Kind.VPC, "alice", "cn-hangzhou")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            Declare(ONE, 1, Intent.UP, None, 0, 0, Status.CONNECTING, CLAIMS),
            "Initiate 1.1 up Connecting ack -.0 got 0",
        ),
        (
            Declare(TWO, 3, Intent.SUSPENDED, ONE, 2, 5, Status.SUSPENDING),
            "Declare 2.3 suspended Suspending ack 1.2 got 5",
        ),
        (NotReady(None, ONE, 1, Reason.PEER_NOT_CONFIGURED), "NotReady - answers 1.1 PeerNotConfigured"),
        (NotReady(TWO, ONE, 1, Reason.NOT_INITIATED), "NotReady 2 answers 1.1 NotInitiated"),
        (Data(Activation(ONE, 3, TWO, 4), 9, 8, "secret"), "Data 9 in 1.3/2.4"),
    ],
)
def test_a_message_in_one_line(message: Message, text: str) -> None:
    assert label(message) == text


def test_a_label_holds_neither_a_payload_nor_a_nonce() -> None:
    assert "secret" not in label(Data(Activation(ONE, 3, TWO, 4), 9, 8, "secret"))
