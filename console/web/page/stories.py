"""The guided stories of the page: told by real workers on a connection of their own, one plain sentence a step.

A story is a file in `told`: its steps say what the owners do, as the page's own actions, and what both ends then
show. The browser does one step after the other, and shows the sentence.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console.client import Refused
from console.client.ids import interface_id
from console.faults.situation import endpoints
from console.topology import Context
from console.web.page.views import AnyAsked
from shared.protocol.words import Status
from shared.wire.views import View

FAULT_SECONDS: Final = 900.0
"""How long a story's fault stands at most: a browser that is closed in the middle of it clears nothing."""
STORIES: Final = ("cross-account", "half-open", "suspended")
_ASKED: Final[TypeAdapter[Any]] = TypeAdapter(AnyAsked)


class StoryStep(BaseModel):
    """One step: a sentence, what the owners do, and what both ends show after it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str
    do: list[dict[str, Any]] = []
    until: tuple[Status, Status] | None = None


class Story(BaseModel):
    """A guided story."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    steps: list[StoryStep]


class StoryToTell(View):
    """A story with the two ends that it will be told by, and its steps as the page's actions."""

    title: str
    left: str = Field(description="ri-…@ENDPOINT of the initiator; made by the story")
    right: str = Field(description="of the acceptor")
    steps: list[dict[str, Any]]


def story(name: str) -> Story:
    """Read a story. Raises KeyError for a name that is none."""
    if name not in STORIES:
        raise KeyError(name)
    text = (files("console.web.page.told") / f"{name}.yaml").read_text(encoding="utf-8")
    return Story.model_validate(yaml.safe_load(text))


def to_tell(name: str, context: Context) -> StoryToTell:
    """Prepare a story for two endpoints that are here. Raises KeyError, or Refused where there are no two."""
    told = story(name)
    try:
        first, second = endpoints(context.at_hand, None, None)
    except Refused:
        raise Refused("NoSuchWire", "A story needs an initiator and an acceptor, and there are no two here.") from None
    left, right = ((_id_for(context.owner_of(endpoint)), endpoint) for endpoint in (first, second))
    ends = {"left": left, "right": right}
    names = _names(context, first, second)

    def asked(act: dict[str, Any]) -> dict[str, Any]:
        """Write an action of a story as the page would ask it."""
        rest = {key: value for key, value in act.items() if key != "end"}
        if rest["do"] == "fault":
            places = {"left": first, "right": second}
            fault = {key: places.get(value, value) for key, value in rest["fault"].items()}
            rest["fault"] = {"interface": left[0], "seconds": FAULT_SECONDS, **fault}
        elif rest["do"] == "clear":
            rest["interface"] = left[0]
        else:
            own, other = ends[act["end"]], ends["right" if act["end"] == "left" else "left"]
            rest |= {"interface": own[0], "endpoint": own[1]}
            if rest["do"] == "configure":
                rest["peer"] = "@".join(other)
        return _ASKED.validate_python(rest).model_dump(mode="json", by_alias=True)  # type: ignore[no-any-return]

    steps = [
        {"say": one.say.format(**names), "do": [asked(act) for act in one.do], "until": one.until} for one in told.steps
    ]
    return StoryToTell(title=told.title, left="@".join(left), right="@".join(right), steps=steps)


def _names(context: Context, first: str, second: str) -> dict[str, str]:
    """What the two sides are called: by their owners, or as endpoints if one account owns both."""
    owners = [context.shown(context.owner_of(endpoint) or endpoint).capitalize() for endpoint in (first, second)]
    left, right = owners if len(set(owners)) > 1 else (first, second)
    return {"left": left, "right": right}


def _id_for(owner: str | None) -> str:
    """A new id that a drawing has room for: the owner's, and a few digits by chance."""
    start = "".join(one for one in owner or "" if one.isalnum())[:10]
    return f"ri-{start}{interface_id()[-4:]}"
