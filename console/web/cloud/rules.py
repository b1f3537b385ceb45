"""The rules that change for a while what the API shows and answers: held, stale, skipped statuses, refusals, delays.

A rule changes what is shown and answered, never what is: the workers know nothing of it, and commands go by what is. A
client that is shown one status for long can do all that it could without the rule. None stands by default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from console.web.cloud.errors import ApiError
from console.web.cloud.records import RouterInterface

SECONDS_LIMIT = 3600


class Rule(BaseModel):
    """A rule: what to show or answer for a while, and to whom; what is not named matches everything."""

    model_config = ConfigDict(extra="forbid")

    do: Literal["hold", "stale", "skip", "refuse", "delay", "both-set", "each-end"] = Field(
        description="hold: keep showing one status. stale: show what was there when the rule was made; newer "
        "interfaces are not found. skip: never show these statuses, but the one before. refuse: answer an error. "
        "delay: answer late. both-set: refuse Connect with IncorrectOppositeInterfaceInfo.NotSet until the other end "
        "names this one back; without it, Connect waits for that. each-end: show Active at an end that is suspended by "
        "the other one alone; without it, both ends show that they are suspended."
    )
    account: str | None = Field(default=None, description="uid; only calls and interfaces of this account")
    interface: str | None = Field(default=None, description="ri-…; only calls about, and the status of, this one")
    action: str | None = Field(default=None, description="refuse and delay: only this action")
    status: str | None = Field(default=None, description="hold: the status; without it, the one shown last")
    statuses: list[str] = Field(default=[], description="skip: these")
    code: str = Field(default="ServiceUnavailable", description="refuse: the error's code")
    http_status: int = Field(default=503, ge=400, le=599, description="refuse: the HTTP status")
    message: str = Field(default="The request has failed due to a temporary failure of the server.")
    times: int | None = Field(default=None, ge=1, description="refuse and delay: so often; without it, any number")
    delay_seconds: float = Field(default=1.0, ge=0, le=60, description="delay: how late")
    seconds: float = Field(default=60.0, gt=0, le=SECONDS_LIMIT, description="how long the rule lasts")


@dataclass(slots=True)
class _Standing:
    """A rule that stands, with its end and what was shown when it was made."""

    rule: Rule
    until: float
    left: int | None
    frozen: dict[str, str]


class Rules:
    """The rules that stand, by number."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """None stands."""
        self._clock = clock
        self._standing: dict[int, _Standing] = {}
        self._number = 0
        self._last: dict[str, str] = {}

    def add(self, rule: Rule) -> int:
        """Let a rule stand; returns its number."""
        self._number += 1
        self._standing[self._number] = _Standing(rule, self._clock() + rule.seconds, rule.times, dict(self._last))
        return self._number

    def remove(self, number: int | None = None) -> bool:
        """Drop one rule, or all; whether there was any."""
        found = [number] if number is not None else list(self._standing)
        dropped = [self._standing.pop(one, None) for one in found]
        return any(one is not None for one in dropped)

    def standing(self) -> dict[int, Rule]:
        """The rules that stand."""
        return {number: one.rule for number, one in self._alive()}

    def shown(self, record: RouterInterface, real: str, *, suspended_by_peer: bool = False) -> str | None:
        """Choose the status to show; None if the interface is not to be found."""
        status: str | None = real
        if suspended_by_peer and self._stands("each-end", record.account, record.id):
            status = "Active"
        for _, one in self._alive():
            if status is not None and self._fits(one.rule, record.account, record.id):
                status = self._under(one, record.id, status)
        if status is not None:
            self._last[record.id] = status
        return status

    def refusal(self, account: str, action: str, interface: str) -> ApiError | None:
        """Choose the error that a call is answered with, if any."""
        one = self._taken("refuse", account, action, interface)
        return None if one is None else ApiError(one.http_status, one.code, one.message)

    def delay_seconds(self, account: str, action: str, interface: str) -> float:
        """Choose by how many seconds an answer is delayed."""
        one = self._taken("delay", account, action, interface)
        return 0.0 if one is None else one.delay_seconds

    def wants_both_set(self, account: str, interface: str) -> bool:
        """Whether Connect is refused until the other end names this one back."""
        return self._stands("both-set", account, interface)

    def _under(self, one: _Standing, interface: str, status: str) -> str | None:
        rule = one.rule
        match rule.do:
            case "hold":
                return rule.status or one.frozen.setdefault(interface, status)
            case "stale":
                return one.frozen.get(interface)
            case "skip" if status in rule.statuses:
                return self._last.get(interface, "Idle")
            case _:
                return status

    def _taken(self, do: str, account: str, action: str, interface: str) -> Rule | None:
        for number, one in self._alive():
            rule = one.rule
            if rule.do != do or rule.action not in {None, action} or not self._fits(rule, account, interface):
                continue
            if one.left is not None:
                one.left -= 1
                if one.left == 0:
                    del self._standing[number]
            return rule
        return None

    def _stands(self, do: str, account: str, interface: str) -> bool:
        return any(one.rule.do == do and self._fits(one.rule, account, interface) for _, one in self._alive())

    def _fits(self, rule: Rule, account: str, interface: str) -> bool:
        return rule.account in {None, account} and rule.interface in {None, interface}

    def _alive(self) -> Iterator[tuple[int, _Standing]]:
        now = self._clock()
        for number, one in list(self._standing.items()):
            if one.until <= now:
                del self._standing[number]
            else:
                yield number, one
