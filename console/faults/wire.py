"""One tapped wire: takes each bundle apart, does to every message what its fault says, and lets the rest go on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from console.faults.deliveries import Onward, Waiting, alone
from console.faults.judging import Passing, Rule
from console.faults.relay import Relay
from console.faults.standing import Kept, Standing, Struck
from shared.broker.address import BrokerAddress
from shared.broker.tap import Tap
from shared.wire.bundle import Addressed, Bundle, write_bundle
from shared.wire.request import KINDS

_WHOLE: Final = 100.0


class _Back(NamedTuple):
    """Something kept back, the delivery that it is a part of, and the timer that lets it go."""

    kept: Kept
    waiting: Waiting
    timer: asyncio.TimerHandle | None


class Wire:
    """A wire with its relay, and what of it is kept back."""

    def __init__(
        self, tap: Tap, address: BrokerAddress, standing: Standing, *, receiver: str, enforced: bool = True
    ) -> None:
        """Nothing happens before the relay is put on. `receiver` is the account at the end of the wire."""
        self.tap, self.relay = tap, Relay(tap, address, enforced, self._judge)
        self._standing, self._receiver = standing, receiver
        self._back: dict[int, _Back] = {}
        self._overtaken: defaultdict[tuple[str, str], list[int]] = defaultdict(list)

    @property
    def empty(self) -> bool:
        """Whether nothing is kept back."""
        return not self._back

    def _judge(self, bundle: Bundle, waiting: Waiting) -> Sequence[Onward]:
        """What of a bundle goes on at once. A bundle without messages does: it says that its sender is alive."""
        way = Passing(bundle.endpoint, bundle.account, bundle.to, self._receiver)
        whole = self._standing.judged(way)
        if whole is not None and (whole.fault.do == "cut" or self._is_lost(whole)):
            for entry in bundle.messages:
                self._standing.struck(whole, bundle, entry, dropped=True)
            return []
        rest: list[Addressed] = []
        more: list[Onward] = []
        for entry in bundle.messages:
            passing = way._replace(source=entry.source, target=entry.target, message=entry.message)
            rule = self._standing.judged(passing)
            if rule is None or rule.fault.do == "duplicate":
                rest.append(entry)
            if rule is None:
                more += self._overtaken_by(passing)
            else:
                more += self._strike(rule, bundle, entry, waiting)
        if whole is not None:
            self._keep(whole, bundle, rest, waiting, self._delay(whole))
            return more
        waiting.parts += 1
        return [alone(bundle, rest, waiting), *more]

    def _strike(self, rule: Rule, bundle: Bundle, entry: Addressed, waiting: Waiting) -> Sequence[Onward]:
        """Do to one message what its fault says; returns what goes on at once because of it."""
        fault = rule.fault
        match fault.do:
            case "hold":
                self._keep(rule, bundle, [entry], waiting, None)
            case "delay":
                self._keep(rule, bundle, [entry], waiting, self._delay(rule))
            case "reorder":
                number = self._keep(rule, bundle, [entry], waiting, fault.delay_seconds)
                self._overtaken[_connection(entry)].append(number)
            case "duplicate":
                struck = self._standing.struck(rule, bundle, entry)
                waiting.parts += fault.copies
                return [alone(bundle, [entry], waiting)._replace(sent=struck.passed)] * fault.copies
            case "corrupt":
                struck = self._standing.struck(rule, bundle, entry)
                waiting.parts += 1
                return [Onward(self._cut_off(rule, bundle, entry), KINDS.bundle, waiting, sent=struck.passed)]
            case _:
                self._standing.struck(rule, bundle, entry, dropped=True)
        return []

    def _keep(
        self, rule: Rule, bundle: Bundle, entries: Sequence[Addressed], waiting: Waiting, seconds: float | None
    ) -> int:
        """Keep messages back, for so long or until somebody lets them go."""
        number = self._standing.next_kept()
        waiting.parts += 1
        struck = [self._standing.struck(rule, bundle, entry) for entry in entries]
        kept = Kept(
            number,
            rule,
            bundle._replace(messages=entries),
            struck,
            let_go=partial(self._let_go, number),
            lose=partial(self._lose, number),
            replay=partial(self._replay, number),
        )
        loop = asyncio.get_running_loop()
        timer = None if seconds is None else loop.call_later(seconds, self._let_go, number)
        self._back[number] = _Back(kept, waiting, timer)
        self._standing.kept[number] = kept
        return number

    def _overtaken_by(self, passing: Passing) -> Sequence[Onward]:
        """What was waiting for a message of this connection to pass before it."""
        numbers = self._overtaken.pop(passing.connection, [])
        return [onward for number in numbers if (onward := self._taken_out(number)) is not None]

    def _taken_out(self, number: int) -> Onward | None:
        """Keep something back no longer; None if it has gone already."""
        back = self._back.pop(number, None)
        if back is None:
            return None
        kept, waiting, timer = back
        if timer is not None:
            timer.cancel()
        self._standing.kept.pop(number, None)
        self._standing.on_change()
        return alone(kept.bundle, kept.bundle.messages, waiting)._replace(sent=partial(_passed, kept.struck))

    def _let_go(self, number: int) -> None:
        onward = self._taken_out(number)
        if onward is not None:
            self.relay.pass_on([onward])

    def _lose(self, number: int) -> None:
        back = self._back.get(number)
        if back is None:
            return
        for one in back.kept.struck:
            one.dropped = True
        self._taken_out(number)
        self.relay.finish(back.waiting)

    def _replay(self, number: int) -> None:
        back = self._back.get(number)
        if back is not None:
            self.relay.pass_on([alone(back.kept.bundle, back.kept.bundle.messages)])

    def _is_lost(self, rule: Rule) -> bool:
        return self._standing.draw(rule.number) < rule.fault.loss_percent

    def _delay(self, rule: Rule) -> float:
        """How long this one is delayed, in seconds."""
        spread = 2 * self._standing.draw(rule.number) / _WHOLE - 1
        return max(0.0, rule.fault.delay_seconds + rule.fault.jitter_seconds * spread)

    def _cut_off(self, rule: Rule, bundle: Bundle, entry: Addressed) -> bytes:
        """The beginning of a bundle: no beginning can be read as a whole one, so no receiver is told a lie."""
        body = write_bundle(bundle._replace(messages=[entry]))
        return body[: 1 + int(self._standing.draw(rule.number) / _WHOLE * (len(body) - 1))]


def _connection(entry: Addressed) -> tuple[str, str]:
    return min(entry.source, entry.target), max(entry.source, entry.target)


def _passed(struck: Sequence[Struck]) -> None:
    for one in struck:
        one.passed()
