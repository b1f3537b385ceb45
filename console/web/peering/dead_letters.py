"""The routes of dead letters: deliveries that were set aside, looked at, sent again, thrown away."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from console.faults.dead_letters import DeadLetters
from console.faults.model import DeadLetterPage, DeadLetterView
from console.web.peering.answering import PROBLEMS, answered
from console.web.site import Site, site_of

router: Final = APIRouter(prefix="/_peering", responses=PROBLEMS)

MOST_LISTED: Final = 1000
USUALLY_LISTED: Final = 100


def dead_letters_of(site: Annotated[Site, Depends(site_of)]) -> DeadLetters:
    """The dead letters of the server that takes this request."""
    return site.dead_letters


TheDeadLetters = Annotated[DeadLetters, Depends(dead_letters_of)]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]


@router.get("/dead-letters", summary="Which deliveries were set aside, and why?")
async def list_dead_letters(dead: TheDeadLetters, limit: Limit = USUALLY_LISTED) -> DeadLetterPage:
    """List the oldest dead letters; every one stays where it is."""
    with answered():
        return await dead.listed(limit)


@router.get("/dead-letters/{wanted}", summary="What is in this dead letter?")
async def show_dead_letter(dead: TheDeadLetters, wanted: str) -> DeadLetterView:
    """Show one with the beginning of its body; 404 if there is none of this id."""
    with answered():
        return await dead.shown(wanted)


@router.post("/dead-letters/{wanted}/replay", summary="Send a dead letter again to the endpoint that it was for")
async def replay_dead_letter(dead: TheDeadLetters, wanted: str) -> DeadLetterView:
    """Send it again in its sender's name, and let it go; 409 where its sender is not proven or it would come back."""
    with answered():
        return await dead.replay(wanted)


@router.delete("/dead-letters/{wanted}", summary="Throw a dead letter away, and what is the same")
async def drop_dead_letter(dead: TheDeadLetters, wanted: str) -> int:
    """Throw it away; answers how many went."""
    with answered():
        return await dead.drop(wanted)


@router.delete("/dead-letters", summary="Throw all dead letters away")
async def drop_dead_letters(dead: TheDeadLetters) -> int:
    """Throw away all that one look takes in, which is 10,000; answers how many went."""
    with answered():
        return await dead.drop(None)
