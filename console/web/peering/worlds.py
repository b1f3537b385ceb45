"""The routes of worlds: simulators of their own beside the one that `peering up` began, on the same address.

Each has a token, access keys, logins and a virtual host of its own, and none opens another.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from console.client import Refused
from console.web.peering.answering import PROBLEMS, answered
from console.web.peering.world_keeping import MOST_WORLDS, Worlds
from shared.wire.forms import AccountId

MOST_ACCOUNTS: Final = 8
IDLE_LIMIT_SECONDS: Final = 900.0
"""Whoever looks into a test with a debugger may take his time; what a killed one leaves may not stay for ever."""
LONGEST_IDLE_SECONDS: Final = 86_400

router: Final = APIRouter(prefix="/_peering", responses=PROBLEMS)


class WantedWorld(BaseModel):
    """A world to be made."""

    model_config = ConfigDict(extra="forbid")

    accounts: list[AccountId] = Field(
        default=["alice", "bob"],
        min_length=1,
        max_length=MOST_ACCOUNTS,
        description="uids; each gets a VPC that initiates, `vpc-UID`, and one that accepts, `vpc-UID-in`",
    )

    idle_seconds: float = Field(
        default=IDLE_LIMIT_SECONDS,
        ge=1,
        le=LONGEST_IDLE_SECONDS,
        description="it ends by itself once nobody has asked it for anything for so long",
    )


class MadeWorld(BaseModel):
    """A world that was made, and whose workers answer."""

    world: str = Field(description="its name")
    token: str = Field(description="its access token, a secret: who brings it is there instead of here")


class KnownWorlds(BaseModel):
    """The worlds that run."""

    worlds: list[str] = Field(description="their names, the oldest first")
    most: int = Field(description="how many there may be at the same time")


def worlds_of(request: Request) -> Worlds:
    """The worlds of the server that takes this request. Answers 409 within one of them."""
    with answered():
        worlds = request.app.state.worlds
        if not isinstance(worlds, Worlds):
            raise Refused("NotFirstWorld", "Worlds are made, listed and ended with the first world's token alone.")
        return worlds


TheWorlds = Annotated[Worlds, Depends(worlds_of)]


@router.post("/worlds", summary=f"Make another world; there may be {MOST_WORLDS} at the same time", status_code=201)
async def make_world(worlds: TheWorlds, wanted: WantedWorld) -> MadeWorld:
    """Make a world, and answer when its workers answer; 409 TooManyWorlds beyond the limit."""
    with answered():
        made = await worlds.make(wanted.accounts, wanted.idle_seconds)
    return MadeWorld(world=made.name, token=made.token)


@router.get("/worlds", summary="Which worlds are there, beside the first?")
async def list_worlds(worlds: TheWorlds) -> KnownWorlds:
    """List the worlds that run."""
    return KnownWorlds(worlds=worlds.names, most=MOST_WORLDS)


@router.delete("/worlds/{name}", summary="End a world, and remove all that is its", status_code=204)
async def end_world(worlds: TheWorlds, name: str) -> None:
    """End a world's workers, and remove its virtual host, logins and folder; 404 if there is none of that name."""
    with answered():
        await worlds.end(name)
