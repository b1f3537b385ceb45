"""The sentences about a connection: whether the link exists, why not, and who is charged.

Each end knows half of why a connection is not up, so the sentence is made from both views where both can be had.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from shared.protocol.messages import Reason
from shared.protocol.words import Status, Timer
from shared.runtime.batch import REPEATS_NOTED
from shared.wire.views import NEWER_PROTOCOL, QUEUE_UNREAD, InterfaceView, TimelineRow

_WAITING: Final = frozenset(status for status in Status if not status.stable)
_ANSWERS: Final = frozenset(Reason) - {Reason.NO_ANSWER, Reason.PEER_REJECTED}
"""Reasons that the peer gave in a NotReady: a record has no row of an answer that changes nothing."""


def link_exists(own: InterfaceView, other: InterfaceView | None) -> bool | None:
    """Whether the link exists: both Activated, and each other's peer. None if the other end was not asked.

    An end that is not Activated decides it alone: there is no half a link.
    """
    if own.status != Status.ACTIVATED or own.peer is None:
        return False
    if other is None:
        return None
    return other.status == Status.ACTIVATED and _names(own, other) and _names(other, own)


def link_sentence(own: InterfaceView, other: InterfaceView | None) -> str:
    """Say whether the link exists."""
    exists = link_exists(own, other)
    if exists and own.peer is not None:
        return f"The link exists: {own.interface} and {own.peer.interface} are both Activated and name each other."
    if exists is None and own.peer is not None:
        heard = own.peer.status or "nothing"
        return (
            f"{own.interface} is Activated, so its peer has confirmed; "
            f"{own.peer.interface} itself cannot be asked from here (last heard: {heard})."
        )
    return "The link does not exist."


def payer(view: InterfaceView) -> str:
    """Return who is charged: "nobody", or which end by its role (article: between regions one end, whichever asks)."""
    if view.charged == "nobody":
        return "nobody"
    initiates = view.role == "initiator"
    pays_here = view.charged == "this end"
    return "the initiator" if initiates is pays_here else "the acceptor"


class Waited(NamedTuple):
    """What an end has waited for: since when, how often it has asked, and how long ago it heard of its peer.

    Seconds; `heard` is None if its record does not say. `at_least`: more repetitions are not noted.
    """

    end: InterfaceView
    seconds: float
    asked: int
    at_least: bool
    heard: float | None


def waiting(
    own: InterfaceView, other: InterfaceView | None, rows: Sequence[TimelineRow], others: Sequence[TimelineRow]
) -> Waited | None:
    """Find out what one of two ends waits for, from its latest timeline rows; None if neither does."""
    for end, record in ((own, rows), (other, others)):
        if end is not None and end.status in _WAITING and record:
            return _waited(end, record)
    return None


def _waited(end: InterfaceView, rows: Sequence[TimelineRow]) -> Waited:
    now = time.time()
    began = next((place for place in range(len(rows) - 1, -1, -1) if rows[place].was != rows[place].status), 0)
    asked = sum(bool(row.said) for row in rows[began:])
    repeats = sum(row.cause == f"timer {Timer.RESEND}" for row in rows[began:])
    heard = next((row.at for row in reversed(rows) if row.cause.startswith("heard ")), None)
    ago = None if heard is None else max(0.0, now - heard)
    return Waited(end, max(0.0, now - rows[began].at), asked, repeats >= REPEATS_NOTED, ago)


def why(
    own: InterfaceView,
    other: InterfaceView | None,
    unasked: str | None = None,
    *,
    waited: Waited | None = None,
    faults: Sequence[str] = (),
) -> str:
    """Say why this connection is up or not, in one sentence and, where one end waits, in another for what.

    `other` is the peer's own view if it could be asked; `unasked` is why it could not, if it should have been.
    `faults` are the faults that strike its messages on purpose, for people.
    """
    sentences = [_why(own, other, unasked)]
    if waited is not None:
        sentences.append(_waits(waited))
    if faults:
        sentences.append(f"On purpose: {'; '.join(faults)}.")
    return " ".join(sentences)


def _why(own: InterfaceView, other: InterfaceView | None, unasked: str | None = None) -> str:
    unread = next((end for end in (own, other) if end is not None and end.reason_code == QUEUE_UNREAD), None)
    if unread is not None:
        return f"{_at(unread)} is {unread.status}, but deaf: {_lower(unread.reason or '')}"
    newer = next((end for end in (own, other) if end is not None and end.reason_code == NEWER_PROTOCOL), None)
    if newer is not None:
        return f"{_at(newer)} is {newer.status}: {_lower(newer.reason or '')}"
    if own.status == Status.ACTIVATED and (other is None or link_exists(own, other)):
        return _up(own, other, unasked)
    found = next(_causes(own, other), None)
    if found is not None:
        return found
    if unasked is not None:
        return f"{own.interface} is {own.status}, and the peer's worker cannot say why. {unasked}"
    reason = _lower(own.reason or "the two ends are about to agree.")
    if own.status == Status.ACTIVATED:
        return f"{_at(own)} is Activated, and the other end is not: {reason}"
    return f"{_at(own)} is {own.status}: {reason}"


def _waits(waited: Waited) -> str:
    """Say what an end waits for."""
    end, seconds, asked, at_least, heard = waited
    peer = "its peer" if end.peer is None else end.peer.interface
    times = f"{'at least ' if at_least else ''}{'once' if asked == 1 else f'{asked} times'}"
    long = f"{end.interface} has waited for {seconds:.0f} s for {peer} to"
    if end.reason_code in _ANSWERS:
        return f"{long} be ready, asked {times}, and was answered that."
    known = (
        "nothing was heard of it" if end.peer is None or end.peer.status is None else f"last heard: {end.peer.status}"
    )
    ago = "" if heard is None else f", {heard:.0f} s ago"
    return f"{long} acknowledge this, and said it {times}; {known}{ago}."


def _up(own: InterfaceView, other: InterfaceView | None, unasked: str | None) -> str:
    silent = own.peer is not None and own.peer.reachable is False
    if silent or unasked is not None:
        return f"{own.interface} is Activated, but the peer is silent: {_lower(unasked or own.reason or '')}"
    if other is None:
        return f"{own.interface} is up: it is Activated, and its peer has confirmed it."
    return f"{own.interface} is up: both ends are Activated and name each other."


def _causes(own: InterfaceView, other: InterfaceView | None) -> Iterator[str]:
    """Yield what keeps it down, the deepest cause first."""
    yield from _deleted(own, other)
    yield from _unconfigured(own, other)
    yield from _unlike(own, other)
    yield from _held(own, other)
    yield from _unopened(own, other)
    if other is not None and own.reason is None and other.reason is not None:
        yield f"{_at(other)} is {other.status}: {_lower(other.reason)}"


def _deleted(own: InterfaceView, other: InterfaceView | None) -> Iterator[str]:
    gone = (Status.DELETING, Status.DELETED)
    if own.status in gone:
        yield f"{_at(own)} is {own.status}: {_lower(own.reason or 'it is going.')}"
    if other is not None and other.status in gone:
        yield f"The other end, {_at(other)}, is {other.status}."


def _unconfigured(own: InterfaceView, other: InterfaceView | None) -> Iterator[str]:
    missing = [end for end in (own, other) if end is not None and end.peer is None]
    if own.peer is None and own.reason_code == "StrangerCalled" and own.reason:
        yield f"Peer information is not configured at {_at(own)}: {_lower(own.reason)}"
    elif missing:
        places = " and ".join(f"{_at(end)} of account {end.account}" for end in missing)
        yield f"Peer information is not configured at {places}: `peering configure` does it."


def _unlike(own: InterfaceView, other: InterfaceView | None) -> Iterator[str]:
    """Yield where peer information does not describe the other end as it is."""
    if other is None:
        return
    for one, peer in ((own, other), (other, own)):
        if one.peer is None:
            continue
        said = (one.peer.interface, one.peer.endpoint, one.peer.account, one.peer.region)
        real = (peer.interface, peer.endpoint, peer.account, peer.region)
        words = ("interface", "endpoint", "account", "region")
        wrong = [
            f"{word} {expected} instead of {actual}"
            for word, expected, actual in zip(words, said, real, strict=True)
            if expected != actual
        ]
        if wrong:
            yield f"{_at(one)} has other peer information than the other end really is: {', '.join(wrong)}."


def _held(own: InterfaceView, other: InterfaceView | None) -> Iterator[str]:
    holders = [own.account] if "own" in own.holds else []
    if "peer" in own.holds or (other is not None and "own" in other.holds):
        holders.append(own.peer.account if own.peer is not None else "the peer")
    if holders:
        ends = " and ".join(f"account {holder}" for holder in dict.fromkeys(holders))
        both = " at both ends" if len(holders) > 1 else ""
        unheard = own.status == Status.ACTIVATED
        what = f"suspended by {ends}{both}"
        if unheard:
            yield f"{_at(own)} is Activated, because it has not heard that the connection is {what}."
        else:
            yield f"{_at(own)} is {own.status}: {what}; who suspended it can resume it."


def _unopened(own: InterfaceView, other: InterfaceView | None) -> Iterator[str]:
    starter = next((end for end in (own, other) if end is not None and end.role == "initiator"), None)
    if own.status != Status.IDLE or starter is None or starter.status != Status.IDLE:
        return
    if starter.reason_code in {None, "NotInitiated"}:
        yield f"Nobody has initiated the connection: `peering initiate {starter.interface}` does it."
    else:
        yield f"{_at(starter)} is Idle: {_lower(starter.reason or '')}"


def _names(one: InterfaceView, other: InterfaceView) -> bool:
    peer = one.peer
    return peer is not None and (peer.interface, peer.endpoint) == (other.interface, other.endpoint)


def _at(view: InterfaceView) -> str:
    return f"{view.interface} on {view.endpoint}"


def _lower(sentence: str) -> str:
    """Let a sentence follow a colon, unless it begins with a name."""
    first, _, _ = sentence.partition(" ")
    return sentence if not first.isalpha() or first.isupper() else sentence[:1].lower() + sentence[1:]
