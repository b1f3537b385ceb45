"""The routes of faults on purpose and of held messages; what each does is done in `console.faults`."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from console.faults.faults import Faults
from console.faults.model import Fault, HeldMessage, HeldOrder, StandingFault
from console.trace.strikes import Strike
from console.web.peering.answering import PROBLEMS, answered
from console.web.site import Site, site_of
from shared.wire.forms import InterfaceId

router: Final = APIRouter(prefix="/_peering")


def faults_of(site: Annotated[Site, Depends(site_of)]) -> Faults:
    """The faults of the server that takes this request."""
    return site.faults


TheFaults = Annotated[Faults, Depends(faults_of)]
OfInterface = Annotated[InterfaceId | None, Query(description="only those of this interface")]


@router.get("/faults", summary="Which faults were made, and how often has each struck?")
async def list_faults(faults: TheFaults, interface: OfInterface = None) -> list[StandingFault]:
    """List every fault that was not cleared; for an interface, those that stand and have struck its messages."""
    return faults.listed(interface)


@router.post("/faults", summary="Make something go wrong on purpose", status_code=201, responses=PROBLEMS)
async def add_fault(faults: TheFaults, fault: Fault) -> StandingFault:
    """Let a fault stand; when this answers, nothing that it concerns passes beside it."""
    with answered():
        return await faults.add(fault)


@router.delete("/faults", summary="Clear all faults, or those of an interface", responses=PROBLEMS)
async def clear_faults(faults: TheFaults, interface: OfInterface = None) -> list[int]:
    """Clear faults, and let go on what they hold; says which. Without an interface, also mend what others left."""
    with answered():
        cleared = await faults.clear(interface=interface)
        if interface is None:
            await faults.mend()
        return cleared


@router.delete("/faults/{number}", summary="Clear a fault", responses=PROBLEMS)
async def clear_fault(faults: TheFaults, number: int) -> list[int]:
    """Clear one fault, and let go on what it holds."""
    with answered():
        return await faults.clear(number)


@router.get("/faults/strikes", summary="Which messages were struck, and what became of each?")
async def strikes(faults: TheFaults, interface: Annotated[list[InterfaceId] | None, Query()] = None) -> list[Strike]:
    """List the latest thousands of messages that a fault struck, of these interfaces if any are named."""
    return faults.strikes(*(interface or []))


@router.get("/held", summary="Which messages are held?")
async def list_held(faults: TheFaults, interface: OfInterface = None) -> list[HeldMessage]:
    """List the messages that stand half-way, in the order in which they would go on."""
    return faults.held(interface)


@router.post("/held", summary="Release, drop, replay or reorder held messages", responses=PROBLEMS)
async def order_held(faults: TheFaults, order: HeldOrder) -> list[HeldMessage]:
    """Do something with held messages; answers those that it was done to."""
    with answered():
        return faults.order(order)


@router.delete("/held", summary="Drop all held messages, or those of an interface", responses=PROBLEMS)
async def drop_held(faults: TheFaults, interface: OfInterface = None) -> list[HeldMessage]:
    """Drop held messages; answers those that are lost by it."""
    with answered():
        return faults.order(HeldOrder(do="drop", interface=interface))
