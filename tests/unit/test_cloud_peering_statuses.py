"""Tests of the statuses of VPC peering connections: each is derived from what both ends say."""

from __future__ import annotations

import pytest

from console.web.cloud.peerings import Peering
from shared.protocol.words import Status
from shared.wire.views import InterfaceView, PeerView
from tests.unit.cloud_server import ABROAD, ALICE, BOB, REGION

IDLE, CONNECTING, ACTIVATED, SUSPENDED = Status.IDLE, Status.CONNECTING, Status.ACTIVATED, Status.SUSPENDED
DELETING, DELETED = Status.DELETING, Status.DELETED
WAITING, TOLD = ("WaitingForPeer", False), ("PeerNotConfigured", True)
SAID = dict[str, tuple[tuple[Status, str, bool], tuple[Status, str, bool] | None, str, str]]
"""What the end that asks shows (status, code of the reason, whether its peer was heard of), what the other one does."""

STATUSES: SAID = {
    "nobody there": ((CONNECTING, *WAITING), None, "Creating", "Creating"),
    "asked": ((CONNECTING, *TOLD), None, "Accepting", "Accepting"),
    "the other worker went": ((CONNECTING, "PeerUnreachable", True), None, "Accepting", "Accepting"),
    "accepted": ((CONNECTING, *TOLD), (IDLE, "Waiting", True), "Updating", "Updating"),
    "one of two knows": ((ACTIVATED, "", True), (Status.ACCEPTING, *WAITING), "Activated", "Updating"),
    "both know": ((ACTIVATED, "", True), (ACTIVATED, "", True), "Activated", "Activated"),
    "suspended": ((SUSPENDED, "Held", True), (SUSPENDED, "Held", True), "Updating", "Updating"),
    "rejected, not yet heard": ((CONNECTING, *TOLD), (IDLE, "PeerRejected", True), "Rejected", "Rejected"),
    "rejected": ((IDLE, "RejectedByPeer", True), (IDLE, "PeerRejected", True), "Rejected", "Rejected"),
    "a rejection that its owner deleted": (
        (IDLE, "RejectedByPeer", True),
        (DELETED, "Deleted", True),
        *("Rejected", "Deleted"),
    ),
    "expired": ((IDLE, "PeerNotConfigured", True), None, "Expired", "Expired"),
    "accepted too late": ((IDLE, "NoAnswer", True), (IDLE, "Waiting", True), "Expired", "Expired"),
    "deleted by who asked": ((DELETING, *WAITING), (ACTIVATED, "", True), "Deleting", "Deleting"),
    "deleted, and both know": ((DELETED, "Deleted", True), (DELETED, "PeerDeleted", True), "Deleted", "Deleted"),
    "deleted by who answered": ((DELETING, *WAITING), (DELETED, "Deleted", True), "Deleting", "Deleted"),
    "taken back": ((DELETED, "Deleted", True), None, "Deleted", "Deleted"),
}


def view(own: str, peer: str, said: tuple[Status, str, bool]) -> InterfaceView:
    """An end of the connection, as its worker shows it."""
    places = {"i": ("vpc-a", ALICE, REGION), "a": ("vpc-b", BOB, ABROAD)}
    (endpoint, account, region), there = places[own], places[peer]
    status, code, heard = said
    told = {
        "interface": f"ri-pccx{peer}",
        "endpoint": there[0],
        "account": there[1],
        "region": there[2],
        "status": None,
    }
    return InterfaceView(
        interface=f"ri-pccx{own}",
        name="",
        endpoint=endpoint,
        kind="vpc",
        account=account,
        region=region,
        role="initiator" if own == "i" else "acceptor",
        status=status,
        peer=PeerView.model_validate({**told, "reachable": heard or None}),
        holds=[],
        charged="nobody",
        reason=code or None,
        reason_code=code or None,
        unacknowledged=0,
        epoch=1,
        version=1,
    )


@pytest.mark.parametrize("case", STATUSES)
def test_a_status_is_derived_from_what_both_ends_say(case: str) -> None:
    asks, answers, *wanted = STATUSES[case]
    ends = view("i", "a", asks), None if answers is None else view("a", "i", answers)
    assert [Peering("pcc-x", account, *ends).status for account in (ALICE, BOB)] == wanted
