"""Matching what one end said with what the other heard, by the messages' labels and the order in time.

Both ends name a message alike (`shared/protocol/labels.py`): with epochs, versions and numbers in the label, the same
label means the same message or a repetition of it. What was said and is not among what was heard was lost, is still
under way, or left no trace: an end makes no note of a word that changes nothing and asks for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from console.trace.model import Arrival, Fate, Message, Which
from console.trace.strikes import Said, Strike, with_strikes
from shared.protocol.words import Status, Timer
from shared.runtime.batch import REPEATS_NOTED
from shared.wire.views import TimelineRow

HEARD: Final = "heard "
RESENT: Final = f"timer {Timer.RESEND}"


@dataclass(slots=True)
class Pairing:
    """A message while it is looked for where it arrived."""

    label: str
    said: Said | None
    heard: list[TimelineRow] = field(default_factory=list)
    repeated: bool = False


def conversation(
    first: Sequence[TimelineRow],
    second: Sequence[TimelineRow],
    strikes: tuple[Sequence[Strike], Sequence[Strike]] = ((), ()),
) -> list[Message]:
    """Return every message between two ends, in the order in which they were said (or else heard).

    `strikes` is what faults did on purpose to what the first and the second end said.
    """
    messages = [*_one_way(0, first, second, strikes[0]), *_one_way(1, second, first, strikes[1])]
    return sorted(messages, key=lambda one: (when(one), one.said_at is not None, one.by))


def when(message: Message) -> float:
    """Return when it was said, or heard if nobody noted that it was said."""
    return message.said_at if message.said_at is not None else message.heard[0].at


def clock_shift(first: Sequence[TimelineRow], second: Sequence[TimelineRow]) -> float:
    """Return by how many seconds the second end's clock is ahead: as far as no answer then precedes its question.

    As NTP takes it (RFC 5905 section 8): half the difference of the shortest ways. 0 while the clocks contradict
    nothing, which is how it always is on one machine.
    """
    there, back = _shortest(first, second), _shortest(second, first)
    if min(there or 0.0, back or 0.0) >= 0:
        return 0.0
    if there is None or back is None:
        return there if there is not None else -(back or 0.0)
    return (there - back) / 2


def _shortest(senders: Sequence[TimelineRow], receivers: Sequence[TimelineRow]) -> float | None:
    """Return the shortest time from saying to hearing, by two clocks, of what was said once and heard once."""
    said, heard = _by_label(sayings(senders)), _by_label_heard(receivers)
    once = [label for label, ones in said.items() if len(ones) == 1 and len(heard.get(label, ())) == 1]
    return min((heard[label][0].at - said[label][0].at for label in once), default=None)


def _one_way(
    by: Which, senders: Sequence[TimelineRow], receivers: Sequence[TimelineRow], strikes: Sequence[Strike]
) -> Iterator[Message]:
    said, heard = _by_label(with_strikes(sayings(senders), strikes)), _by_label_heard(receivers)
    pairings = [one for label in {**said, **heard} for one in pair(label, said.get(label, []), heard.get(label, []))]
    latest = max((one.said.left or one.said.at for one in pairings if one.said and one.heard), default=float("-inf"))
    begins = receivers[0].at if receivers else float("inf")
    for one in pairings:
        fate = _fate(one, latest, begins)
        if fate is Fate.UNNOTED and _would_have_changed(one, pairings, receivers):
            fate = Fate.LOST
        yield Message(
            by=by,
            label=one.label,
            said_row=None if one.said is None else one.said.row,
            said_at=None if one.said is None else one.said.at,
            heard=[Arrival(row=row.row, at=row.at, was=row.was, status=row.status) for row in one.heard],
            fate=fate,
            repeated=one.repeated,
            on_purpose=None if one.said is None or one.said.strike is None else one.said.strike.sentence,
        )


def pair(label: str, said: Sequence[Said], heard: Sequence[TimelineRow]) -> list[Pairing]:
    """Bring together what was said and heard under one label; both in order of time, and so are the pairs.

    Each hearing takes the nearest saying before it that nobody took; one that finds none was doubled on the way, or
    belongs to a repetition that the sender made no note of.
    """
    free: list[Said] = []
    taken: list[Said] = []
    kept: list[TimelineRow] = []
    extra: list[TimelineRow] = []
    for _, _, one in _in_time(said, heard):
        if isinstance(one, Said):
            free.append(one)
        elif free:
            taken.append(free.pop())
            kept.append(one)
        else:
            extra.append(one)
    pairings = [Pairing(label, one, [row]) for one, row in zip(sorted(taken, key=_left), kept, strict=True)]
    pairings += [Pairing(label, one) for one in free]
    pairings += [Pairing(label, one) for one in said if one.left is None]
    pairings.sort(key=lambda pairing: _place(pairing.said))
    for place, pairing in enumerate(pairings):
        pairing.repeated = place > 0
    return [*pairings, *_surplus(label, pairings, extra)]


def _surplus(label: str, pairings: Sequence[Pairing], extra: Iterable[TimelineRow]) -> Iterator[Pairing]:
    """Add what was heard twice to its message; yield what the sender has no note of."""
    for row in extra:
        before = [one for one in pairings if one.said is not None and one.said.at <= row.at and one.heard]
        if before and len(before) <= REPEATS_NOTED:
            before[-1].heard.append(row)
            before[-1].heard.sort(key=lambda heard: heard.row)
        else:
            yield Pairing(label, None, [row], repeated=bool(before))


def _in_time(said: Sequence[Said], heard: Sequence[TimelineRow]) -> list[tuple[float, int, Said | TimelineRow]]:
    """Put both in one order; at the same moment, saying comes first."""
    events: list[tuple[float, int, Said | TimelineRow]] = [(one.left, 0, one) for one in said if one.left is not None]
    events += [(row.at, 1, row) for row in heard]
    return sorted(events, key=lambda event: event[:2])


def _fate(pairing: Pairing, latest: float, begins: float) -> Fate:
    """Tell its fate. `latest`: when the latest word was said that did arrive; `begins`: the receiver's record."""
    if pairing.heard:
        return Fate.ARRIVED
    said = pairing.said
    if said is not None and said.strike is not None and (said.left is None or said.strike.do == "corrupt"):
        return Fate.HELD if said.strike.passed_at is None and not said.strike.dropped else Fate.LOST
    if said is None or said.at < begins or not wants_answer(pairing.label):
        return Fate.UNNOTED
    return Fate.LOST if latest > (said.left or said.at) else Fate.UNDER_WAY


def _would_have_changed(pairing: Pairing, pairings: Sequence[Pairing], receivers: Sequence[TimelineRow]) -> bool:
    """Whether it cannot have arrived: the same changed a status when it came later, and in between nothing did.

    An end whose status it changes makes a note, whatever the message asks for. Where both were under way at the same
    time, the note may be of either; so the receiver must have asked again meanwhile, later than this would have come.
    """
    said = pairing.said
    if said is None or not receivers or said.at < receivers[0].at:
        return False
    changes = [row.at for row in receivers if row.was != row.status]
    asked = [row.at for row in receivers if row.cause == RESENT]
    for one in pairings:
        if one.label != pairing.label or one.said is None or one.said.at <= said.at:
            continue
        for row in one.heard:
            took = row.at - one.said.at
            alone = any(said.at + took < at < one.said.at for at in asked)
            if row.was != row.status and alone and not any(said.at <= at < row.at for at in changes):
                return True
    return False


def wants_answer(label: str) -> bool:
    """Whether whoever hears it always answers, and so always makes a note (`reception.py`, R5 and R6)."""
    words = label.split(" ")
    if words[0] == "Data":
        return True
    return _declares(label) and len(words) > _STATUS and not _stable(words[_STATUS])


_STATUS: Final = 3
"""Where the sender's status stands in a declaration's label."""


def _stable(status: str) -> bool:
    return status in set(Status) and Status(status).stable


def sayings(rows: Iterable[TimelineRow]) -> list[Said]:
    """Return what really left: of several declarations of one batch, which share their time, only the last."""
    said = [Said(label, row.row, row.at) for row in rows for label in row.said]
    last = {one.at: place for place, one in enumerate(said) if _declares(one.label)}
    return [one for place, one in enumerate(said) if not _declares(one.label) or last[one.at] == place]


def _declares(label: str) -> bool:
    return label.startswith(("Declare ", "Initiate "))


def _by_label(sayings: Iterable[Said]) -> dict[str, list[Said]]:
    found: defaultdict[str, list[Said]] = defaultdict(list)
    for one in sayings:
        found[one.label].append(one)
    return dict(found)


def _by_label_heard(rows: Iterable[TimelineRow]) -> dict[str, list[TimelineRow]]:
    found: defaultdict[str, list[TimelineRow]] = defaultdict(list)
    for row in rows:
        if row.cause.startswith(HEARD):
            found[row.cause.removeprefix(HEARD)].append(row)
    return dict(found)


def _left(said: Said) -> tuple[float, int]:
    return said.at if said.left is None else said.left, said.row


def _place(said: Said | None) -> tuple[float, int]:
    return (0.0, 0) if said is None else (said.at, said.row)
