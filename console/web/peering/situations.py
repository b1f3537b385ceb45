"""The routes of situations by name: listed, reached on a fresh connection, and healed by clearing their faults."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from console.faults.made_faults import OwnFaults
from console.faults.reaching import Reaching
from console.faults.situation import MOST_TIMES, endpoints, situation, situations
from console.web.peering.answering import PROBLEMS, answered
from console.web.site import Site, site_of
from shared.wire.forms import EndpointId

router: Final = APIRouter(prefix="/_peering")


class Named(BaseModel):
    """A situation that can be reached."""

    name: str = Field(description="by which it is reached")
    sentence: str = Field(description="what it is, and what real automation gets wrong there")
    times: int | None = Field(description="how often, if nothing else is said; null where it has no number")
    supervised: bool = Field(description="whether a worker must be ended for it, which only its own supervisor can")


class Between(BaseModel):
    """Where a situation is to be reached, and for how long."""

    model_config = ConfigDict(extra="forbid")

    initiator: EndpointId | None = Field(default=None, description="the initiator's endpoint; any, if not given")
    acceptor: EndpointId | None = Field(default=None, description="the acceptor's endpoint; any, if not given")
    times: int | None = Field(default=None, ge=1, le=MOST_TIMES, description="how often, for those that have a number")
    seconds: float | None = Field(
        default=None, ge=0, le=600, description="hold it so long, then let it heal; it stays, if not given"
    )


class Reached(BaseModel):
    """A situation that was reached."""

    situation: str
    initiator: str = Field(description="the initiator's interface")
    acceptor: str = Field(description="the acceptor's interface")
    healed: bool = Field(description="whether it is over")
    healing: list[str] = Field(description="the commands that heal it; none, if it is over")


@router.get("/situations", summary="Which states of disagreement can be reached?")
async def list_situations() -> list[Named]:
    """List the situations."""
    return [
        Named(name=one.name, sentence=one.sentence, times=one.times, supervised=one.supervised is not None)
        for one in situations()
    ]


@router.post("/situations/{name}", summary="Reach a state of disagreement", responses=PROBLEMS)
async def reach_situation(site: Annotated[Site, Depends(site_of)], name: str, between: Between) -> Reached:
    """Reach a situation on a fresh connection; `healing` says how it heals, where it is not held for a time."""
    with answered():
        wanted = situation(name, between.times)
        first, second = endpoints(site.context.at_hand, between.initiator, between.acceptor)
        reaching = Reaching.between(site.clients, OwnFaults(site.faults), wanted, first, second)
        await reaching.reach()
        if between.seconds is not None:
            await reaching.hold(between.seconds)
            await reaching.heal()
    return Reached(
        situation=name,
        initiator=reaching.initiator.interface,
        acceptor=reaching.acceptor.interface,
        healed=between.seconds is not None,
        healing=[] if between.seconds is not None else reaching.healing,
    )
