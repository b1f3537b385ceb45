"""The actions of the page's buttons: each does as the command of its name, under the account that owns the end."""

from __future__ import annotations

from typing import Any

from console.client import Refused, Unanswered, owning
from console.client.clients import Clients, Located
from console.client.wanted import WantedPeer
from console.faults.dead_letters import DeadLetters
from console.topology import NoContext
from console.web.page.breaker import Breaker
from console.web.page.stepping import settle
from console.web.page.views import (
    Answer,
    AnyAsked,
    BreakAsked,
    CardAsked,
    ClearAsked,
    ConfigureAsked,
    CreateAsked,
    DeadLetterAsked,
    DeadLettersAsked,
    FaultAsked,
    KillAsked,
    PlainAsked,
    SendAsked,
    WireAsked,
)
from shared.broker.errors import ControlPlaneError
from shared.wire import commands


async def act(clients: Clients, breaker: Breaker, asked: AnyAsked) -> Answer:
    """Do an action; a refusal is an answer like any other."""
    try:
        return await _done(clients, breaker, asked)
    except Refused as refused:
        return Answer(outcome="refused", code=refused.code, sentence=refused.sentence)
    except Unanswered as error:
        return Answer(outcome="failed", code=error.code, sentence=error.sentence)
    except NoContext as error:
        return Answer(outcome="failed", code="NoContext", sentence=str(error))
    except ControlPlaneError as error:
        return Answer(outcome="failed", code="ControlPlane", sentence=f"{str(error).rstrip('.')}.")


async def _done(clients: Clients, breaker: Breaker, asked: AnyAsked) -> Answer:
    match asked:
        case CreateAsked():
            return _answer(await owning.create(clients, asked.endpoint, asked.name, asked.interface or None))
        case ConfigureAsked():
            place = Located(asked.interface, asked.endpoint)
            wanted = WantedPeer(asked.peer, asked.account or None, asked.region or None)
            return _answer(await owning.configure(clients, place, wanted))
        case PlainAsked():
            return _answer(await clients.one(asked.endpoint, {"kind": asked.do, "interface": asked.interface}))
        case SendAsked():
            sent = await clients.one(asked.endpoint, commands.send(asked.interface, asked.body))
            return Answer(outcome="done", interface=asked.interface, sentence=f"Accepted as number {sent['number']}.")
        case DeadLetterAsked() | DeadLettersAsked():
            return Answer(outcome="done", sentence=await _dealt_with(breaker.site.dead_letters, asked))
        case _:
            return Answer(outcome="done", sentence=await _broken(breaker, asked))


async def _dealt_with(dead: DeadLetters, asked: DeadLetterAsked | DeadLettersAsked) -> str:
    """Replay a dead letter, or throw it or all away; returns what is said of it."""
    if isinstance(asked, DeadLettersAsked):
        return f"{await dead.drop(None)} thrown away."
    if asked.do == "drop_dead_letter":
        return f"{await dead.drop(asked.dead_letter)} thrown away."
    one = await dead.replay(asked.dead_letter)
    return f"Sent again to {one.endpoint} from {one.sender}: {one.would_be}."


async def _broken(breaker: Breaker, asked: BreakAsked) -> str:
    """Break something on purpose, or mend it; returns what is said of it."""
    match asked:
        case KillAsked():
            return await breaker.kill(asked.endpoint)
        case WireAsked(do="cut"):
            return await breaker.cut(asked.endpoint, asked.target)
        case WireAsked():
            return await breaker.mend(asked.endpoint, asked.target)
        case FaultAsked():
            added = await breaker.site.faults.add(asked.fault)
            return f"Fault {added.number} stands: {added.sentence}."
        case ClearAsked():
            cleared = await breaker.site.faults.clear(asked.number, asked.interface)
            return f"{len(cleared)} cleared: what was kept back goes on."
        case CardAsked():
            settle(breaker.site.faults, asked)
            return f"{asked.do.replace('_', ' ').capitalize()}: done."


def _answer(result: dict[str, Any]) -> Answer:
    return Answer(outcome="done", interface=result["interface"], status=result["status"])
