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

from console.client import ClientError, Refused
from console.client.clients import Located
from console.trace.svg import NARROWEST_PIXELS, WIDEST_PIXELS, WIDTH_PIXELS, stylesheet
from console.web.page.actions import act
from console.web.page.breaker import Breaker
from console.web.page.live import Watch
from console.web.page.overview import STREAMS_LIMIT, Overview
from console.web.page.stories import StoryToTell, to_tell
from console.web.page.views import Answer, AnyAsked, PageOfInterfaces, PlaceName
from console.web.site import site_of
from shared.wire import commands
from shared.wire.forms import EndpointId
from shared.wire.views import InterfaceView

router: Final = APIRouter(include_in_schema=False)

LIST_ROWS: Final = 50

FILES: Final = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "column.js": "text/javascript; charset=utf-8",
    "between.js": "text/javascript; charset=utf-8",
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
Place = Annotated[PlaceName | None, Query()]


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
    deleted: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query's parameter
) -> PageOfInterfaces:
    """List an endpoint's interfaces, a page at a time. 503 if its worker does not answer."""
    form = commands.listing(after, LIST_ROWS, deleted=deleted)
    try:
        found = await overview.site.clients.one(endpoint, form)
    except ClientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, error.sentence) from None
    shown = [InterfaceView.model_validate(view) for view in found["interfaces"]]
    return PageOfInterfaces(interfaces=shown, next=found["next"])


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
    left: Place = None,
    right: Place = None,
    width: Annotated[int, Query(ge=NARROWEST_PIXELS, le=WIDEST_PIXELS)] = WIDTH_PIXELS,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream how all workers do, and how both chosen ends stand: at first, and whenever it is different."""
    async for event in Watch(overview, [_place(left), _place(right)], width).events(last_event_id):
        yield event


def _place(name: str | None) -> Located | None:
    if name is None:
        return None
    interface, _, endpoint = name.partition("@")
    return Located(interface, endpoint)
