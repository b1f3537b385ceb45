"""The owners of a chaos run: each asks through a real client, and again with the same request id until answered.

Each writes down every question before it is sent and every answer when it is there.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, cast

from console.client import Client, Unanswered
from lab.chaos.history import History
from lab.chaos.workers import End, Worker
from shared.wire import commands
from shared.wire.request import AnswerForm, CommandForm

ANSWER_TIMEOUT_SECONDS: Final = 5.0
"""How long an owner waits for an answer before asking anew, with the same request id."""

_PAUSE_SECONDS: Final = 0.2


class Owners:
    """All owners, each with a client of its own."""

    def __init__(self, clients: Mapping[str, Client], history: History, chance: Random) -> None:
        """Ask as these accounts."""
        self._clients, self._history, self._chance = clients, history, chance

    async def insist(self, worker: Worker, commands: Sequence[CommandForm]) -> list[AnswerForm]:
        """Ask until there is an answer."""
        answers = await self._ask(worker, commands, attempts=None)
        return answers or []

    async def try_once(self, worker: Worker, commands: Sequence[CommandForm]) -> list[AnswerForm] | None:
        """Ask, and let it be if no answer comes."""
        return await self._ask(worker, commands, attempts=1)

    async def look(self, worker: Worker, commands: Sequence[CommandForm]) -> list[AnswerForm] | None:
        """Ask something that changes nothing, and is not worth writing down."""
        try:
            return await self._clients[worker.account].ask(worker.id, commands, ANSWER_TIMEOUT_SECONDS)
        except Unanswered:
            return None

    async def _ask(
        self, worker: Worker, commands: Sequence[CommandForm], attempts: int | None
    ) -> list[AnswerForm] | None:
        request = uuid.UUID(int=self._chance.getrandbits(128)).hex
        self._history.asked(request, worker.id, commands)
        attempt = 0
        try:
            while attempts is None or attempt < attempts:
                attempt += 1
                try:
                    client = self._clients[worker.account]
                    answers = await client.ask(worker.id, commands, ANSWER_TIMEOUT_SECONDS, request=request)
                except Unanswered:
                    await asyncio.sleep(_PAUSE_SECONDS)
                else:
                    self._history.answered(request, answers)
                    return answers
        except asyncio.CancelledError:
            self._history.given_up(request)
            raise
        self._history.given_up(request)
        return None


def plain(kind: str, end: End) -> CommandForm:
    """A command that needs nothing but the interface."""
    return cast("CommandForm", {"kind": kind, "interface": end.interface})


def create(end: End, peer: End | None, *, initiate: bool = False) -> CommandForm:
    """A new interface, with its peer configured if that is known already."""
    form = None if peer is None else peer.peer_form
    return commands.create(end.interface, peer=form, initiate=initiate)


def configure(end: End, peer: End) -> CommandForm:
    """Tell an interface who its peer is."""
    return commands.configure(end.interface, peer.peer_form)


def send(end: End, body: str) -> CommandForm:
    """A payload for the peer."""
    return commands.send(end.interface, body)
