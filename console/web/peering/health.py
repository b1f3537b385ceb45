"""The routes for health, readiness and metrics. Readiness is of all workers, health of this process alone."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel, Field

from console.web.site import Silent, Site, site_of

LACKING: Final = "WorkerLacking"
"""The code of a worker that answers and is not healthy."""

router: Final = APIRouter()


class Health(BaseModel):
    """The answer to the health check."""

    status: str = Field(description="always ok: a process that is not does not answer")


class Absent(BaseModel):
    """A worker that did not answer, or one that has to do without something."""

    endpoint: str = Field(description="the VPC or VBR")
    code: str = Field(description="stable code of the error")
    sentence: str = Field(description="the error, for people")


class Readiness(BaseModel):
    """The answer to the readiness check: whether every worker that is known here answers and lacks nothing."""

    ready: bool = Field(description="whether all of them do")
    workers: list[str] = Field(description="endpoints whose workers answered")
    silent: list[Absent] = Field(description="those that did not")
    lacking: list[Absent] = Field(
        description="those that answered and cannot read a queue or use their store, or whose broker takes nothing"
    )
    preparing: list[str] = Field(description="scenarios that `peering up --scenarios` has still to play")


@router.get("/_peering/health", summary="Is this process alive?")
async def health() -> Health:
    """Say that this process is alive, by answering at all."""
    return Health(status="ok")


@router.get("/_peering/ready", summary="Do all workers work?", responses={503: {"model": Readiness}})
async def ready(site: Annotated[Site, Depends(site_of)], response: Response) -> Readiness:
    """Ask every worker; 503 unless all answer within two seconds and lack nothing, and scenarios were played."""
    answers = await site.workers()
    silent = [Absent(endpoint=a.endpoint, code=a.code, sentence=a.sentence) for a in answers if isinstance(a, Silent)]
    there = [one for one in answers if not isinstance(one, Silent)]
    lacking = [Absent(endpoint=one.endpoint, code=LACKING, sentence="; ".join(one.lacks)) for one in there if one.lacks]
    preparing = [] if site.stack is None else list(site.stack.preparing)
    is_ready = not (silent or lacking or preparing)
    if not is_ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    workers = [one.endpoint for one in there]
    return Readiness(ready=is_ready, workers=workers, silent=silent, lacking=lacking, preparing=preparing)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, site: Annotated[Site, Depends(site_of)]) -> Response:
    """Send what Prometheus scrapes: counts of this process, and what each worker counts itself."""
    text, kind = request.app.state.metrics.scrape(await site.heard())
    return Response(text, headers={"Content-Type": kind})
