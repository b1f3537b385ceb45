"""The routes of faults on purpose and of held messages; what each does is done in `console.faults`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query, status
from pydantic import BaseModel, Field

from console.client import Refused, Unanswered
from console.faults.faults import Faults
from console.faults.model import Fault, HeldMessage, HeldOrder, StandingFault
from console.trace.strikes import Strike
from console.web.site import Site, site_of
from shared.wire.forms import InterfaceId

router: Final = APIRouter(prefix="/_peering")


class Told(BaseModel):
    """Why a fault could not be made, or a message not be found."""

    code: str = Field(description="stable code")
    sentence: str = Field(description="the same for people")


class Problem(BaseModel):
    """A refusal or failure, as all answers of this kind are."""

    detail: Told


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": Problem, "description": "There is no such fault or held message"},
    409: {"model": Problem, "description": "It makes no sense here, or is not this console's to do"},
    503: {"model": Problem, "description": "The broker could not be changed"},
}
_UNKNOWN: Final = {"UnknownFault", "UnknownMessage", "UnknownSituation"}


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


@contextmanager
def answered() -> Iterator[None]:
    """Answer 404, 409 or 503 for what is unknown, refused or failed."""
    try:
        yield
    except Refused as refused:
        known = status.HTTP_404_NOT_FOUND if refused.code in _UNKNOWN else status.HTTP_409_CONFLICT
        raise HTTPException(known, {"code": refused.code, "sentence": refused.sentence}) from None
    except Unanswered as error:
        detail = {"code": error.code, "sentence": error.sentence}
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, detail) from None
