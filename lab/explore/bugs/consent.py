"""The planted bugs in consent: one field is not compared, in one direction, at one end; or nothing is."""

from __future__ import annotations

from typing import Final

import acceptor.handshake
import initiator.handshake
from lab.explore.bugs.planting import Bug, Edit
from lab.explore.state import Budget
from shared.protocol import consent, registers

REJECTED: Final = Budget(configures=(0, 1), give_ups=1, rejections=1)
LIED_TO: Final = Budget(byzantine=1)
WRONG_INITIATOR: Final = Budget(configures=(1, 0), mistakes=1)
WRONG_ACCEPTOR: Final = Budget(configures=(0, 1), mistakes=1)
_INSTEAD: Final = '__import__("dataclasses").replace'
_CLAIMS: Final = "claims, peer = message.claims, state.peer"
_PEER: Final = "said, own = message.peer, state.endpoint"


def _claims_unread(field: str, true: str, end: str) -> tuple[Edit, ...]:
    """This field of the claims is taken for true without a look, at one of the ends."""
    unread = f"claims = {_INSTEAD}(claims, {field}={true}) if claims and peer and {end} else claims"
    return (Edit(consent, "_about_peer", {_CLAIMS: f"{_CLAIMS}\n    {unread}"}),)


def _peer_unread(field: str, true: str) -> tuple[Edit, ...]:
    """This field of the peer's peer information is taken for true without a look."""
    unread = f"said = said and {_INSTEAD}(said, {field}={true})"
    return (Edit(consent, "_about_this_end", {_PEER: f"{_PEER}\n    {unread}"}),)


_FIELDS: Final = {
    "interface": "peer.interface",
    "endpoint": "peer.endpoint",
    "kind": "Kind.of(claims.endpoint)",
    "account": "peer.account",
    "region": "peer.region",
}
_OWN_FIELDS: Final = {"interface": "state.id", "endpoint": "own.id", "account": "own.account", "region": "own.region"}

CONSENT = (
    *(
        Bug(
            f"the {field} of whoever asks is not compared",
            _claims_unread(field, true, "not state.role.may_initiate"),
            WRONG_ACCEPTOR if field == "region" else LIED_TO,
            "admitted",
            configured=(True, field != "region"),
        )
        for field, true in _FIELDS.items()
    ),
    *(
        Bug(
            f"the {field} of whoever answers is not compared",
            _claims_unread(field, true, "state.role.may_initiate"),
            LIED_TO,
            "followed",
        )
        for field, true in _FIELDS.items()
    ),
    *(
        Bug(
            f"the {field} that whoever asks takes this end for is not compared",
            _peer_unread(field, true),
            WRONG_INITIATOR if field in {"account", "region"} else LIED_TO,
            "admitted",
            configured=(field not in {"account", "region"}, True),
        )
        for field, true in _OWN_FIELDS.items()
    ),
    Bug(
        "an Initiate does not say whom it takes the other for",
        (Edit(registers, "declaration", {"state.peer if unanswered and state.role.may_initiate else None": "None"}),),
        WRONG_INITIATOR,
        "consent",
        configured=(False, True),
    ),
    Bug(
        "an end that asks believes whoever answers",
        (Edit(initiator.handshake, "step", {"wrong := disagreement(state, said)": "wrong := None"}),),
        LIED_TO,
        "followed",
    ),
    Bug(
        "an end that was open follows a peer that began anew, and compares nothing",
        (Edit(acceptor.handshake, "step", {"wrong := disagreement(state, said)": "wrong := None"}),),
        WRONG_INITIATOR._replace(losses=1),
        "followed",
    ),
    Bug(
        "a peer that was rejected is let in",
        (Edit(acceptor.handshake, "step", {"state.reason is Reason.PEER_REJECTED": "not state"}),),
        REJECTED,
        "rejection",
    ),
    Bug(
        "who is rejected goes on asking",
        (
            Edit(
                initiator.handshake, "step", {"state.opening and state.is_peer(sender) and _is_about": "not _is_about"}
            ),
        ),
        REJECTED,
        "agreement",
    ),
    Bug(
        "a rejection of what was asked before ends what is asked now",
        (Edit(initiator.handshake, "_is_about_now", {"== (state.epoch, state.version)": "!= ()"}),),
        REJECTED._replace(give_ups=2),
        "rejection",
    ),
    Bug(
        "anybody can reject",
        (Edit(initiator.handshake, "step", {"state.is_peer(sender) and _is_about": "_is_about"}),),
        Budget(forger=True),
        "stranger",
    ),
)
