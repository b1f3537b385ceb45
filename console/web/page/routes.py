"""The routes of the page: its files, one stream of events, one list, and one place where all actions go in.

A browser shows and asks, and decides nothing: every answer here is a worker's, and every picture the server's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response, status
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from console.client import ClientError, Refused, listing
from console.client.clients import Located
from console.faults.model import DeadLetterPage
from console.trace.svg import stylesheet
from console.web.page.actions import act
from console.web.page.breaker import Breaker
from console.web.page.live import Watch
from console.web.page.overview import STREAMS_LIMIT, Overview
from console.web.page.parts import choice
from console.web.page.stories import StoryToTell, to_tell
from console.web.page.views import Answer, AnyAsked, Choice, FoundOnPage, PageAsked, PageOfInterfaces
from console.web.site import site_of
from shared.wire import commands
from shared.wire.forms import EndpointId
from shared.wire.request import MatchForm
from shared.wire.views import InterfaceView

router: Final = APIRouter(include_in_schema=False)

LIST_ROWS: Final = 50
FIND_ROWS: Final = 20

FILES: Final = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "chooser.js": "text/javascript; charset=utf-8",
    "column.js": "text/javascript; charset=utf-8",
    "between.js": "text/javascript; charset=utf-8",
    "dead.js": "text/javascript; charset=utf-8",
    "story.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_STATUS: Final = {
    "done": status.HTTP_200_OK,
    "refused": status.HTTP_409_CONFLICT,
    "failed": status.HTTP_503_SERVICE_UNAVAILABLE,
}


def overview_of(request: Request) -> Overview:
    """The overview that all pages of this server share; made for the first of them."""
    known = getattr(request.app.state, "page", None)
    if isinstance(known, Overview):
        return known
    site = site_of(request)
    request.app.state.page = Overview(site, Breaker(site))
    return overview_of(request)


TheOverview = Annotated[Overview, Depends(overview_of)]
Text = Annotated[str, Query(max_length=128)]


@router.get("/")
async def page() -> Response:
    """Send the page."""
    return _file("index.html")


@router.get("/page/drawing.css")
async def drawing_css() -> Response:
    """Send the colours of statuses and of drawings; the same as in a drawing that stands alone."""
    return Response(stylesheet(), media_type=FILES["page.css"])


@router.get("/page/files/{name}")
async def file(name: str) -> Response:
    """Send a file of the page. 404 for any that is not."""
    if name not in FILES:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return _file(name)


def _file(name: str) -> Response:
    text = (files("console.web.page") / "static" / name).read_text(encoding="utf-8")
    return Response(text, media_type=FILES[name])


@router.get("/page/interfaces")
async def interfaces(
    overview: TheOverview,
    endpoint: Annotated[EndpointId, Query()],
    after: Annotated[str, Query(max_length=64)] = "",
    text: Text = "",
) -> PageOfInterfaces:
    """List an endpoint's interfaces, or those that match, a page at a time. 503 if its worker does not answer."""
    site = overview.site
    form = commands.listing(after, LIST_ROWS, deleted=_deleted(text), match=_match(text))
    try:
        found = await site.clients.one(endpoint, form)
    except ClientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, error.sentence) from None
    shown = [InterfaceView.model_validate(view) for view in found["interfaces"]]
    peers = {view.peer.endpoint for view in shown if view.peer}
    here = [one.id for one in site.context.at_hand if one.id in peers]
    return PageOfInterfaces(interfaces=shown, next=found["next"], here=here)


@router.get("/page/endpoints")
async def endpoints(overview: TheOverview, account: Annotated[str, Query(max_length=128)] = "") -> Choice:
    """Offer the accounts to choose from, or the endpoints of one."""
    return choice(await overview.look(), account)


@router.get("/page/find")
async def find(
    overview: TheOverview,
    text: Annotated[str, Query(min_length=1, max_length=128)],
    but: Annotated[EndpointId, Query()],
) -> FoundOnPage:
    """Search all endpoints but one; those that were silent a moment ago are not waited for."""
    seen = await overview.look()
    silent = {one.endpoint for one in seen if one.answers is False}
    wanted = listing.Wanted(_match(text), deleted=_deleted(text), limit=FIND_ROWS, without={but, *silent})
    found = await listing.interfaces(overview.site.clients, wanted)
    places = [one for one in seen if one.endpoint != but and text.lower() in f"{one.endpoint} {one.account}".lower()]
    return FoundOnPage(
        endpoints=places[:FIND_ROWS],
        interfaces=found.answers,
        more=found.more or len(places) > FIND_ROWS,
        silent=len(silent - {but}) + len(found.silent),
    )


def _match(text: str) -> MatchForm:
    return MatchForm(text=text) if text else MatchForm()


def _deleted(text: str) -> bool:
    """Whether deleted interfaces are looked for: they are listed for nobody else."""
    return text.lower().startswith("delet")


@router.get("/page/dead-letters")
async def dead_letters(overview: TheOverview) -> DeadLetterPage:
    """List the oldest deliveries that were set aside. 503 if the broker does not show them."""
    try:
        return await overview.site.dead_letters.listed(LIST_ROWS)
    except ClientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, error.sentence) from None


@router.get("/page/stories/{name}")
async def guided_story(overview: TheOverview, name: str) -> StoryToTell:
    """Prepare a guided story for two ends of its own. 404 for a name that is none, 409 without two endpoints."""
    try:
        return to_tell(name, overview.site.context)
    except KeyError:
        raise HTTPException(status.HTTP_404_NOT_FOUND) from None
    except Refused as refused:
        raise HTTPException(status.HTTP_409_CONFLICT, refused.sentence) from None


@router.post("/page/act")
async def action(overview: TheOverview, asked: AnyAsked) -> Response:
    """Do an action: 200 done, 409 refused, 503 failed."""
    answer: Answer = await act(overview.site.clients, overview.breaker, asked)
    overview.forget()
    return JSONResponse(answer.model_dump(), _STATUS[answer.outcome])


async def admitted(overview: TheOverview) -> AsyncIterator[None]:
    """Bound how many pages are open, for as long as a stream lasts. Answers 503 beyond that."""
    if overview.streams >= STREAMS_LIMIT:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "Too many pages are open, or programs watch.")
    overview.streams += 1
    try:
        yield
    finally:
        overview.streams -= 1


@router.get("/page/events", response_class=EventSourceResponse, dependencies=[Depends(admitted)])
async def events(
    overview: TheOverview,
    page: Annotated[PageAsked, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream how workers do (of many, those `seen`), and both chosen ends: at first, and whenever it is different."""
    places = [_place(page.left), _place(page.right)]
    async for event in Watch(overview, places, page.width, page.seen).events(last_event_id):
        yield event


def _place(name: str | None) -> Located | None:
    if name is None:
        return None
    interface, _, endpoint = name.partition("@")
    return Located(interface, endpoint)
