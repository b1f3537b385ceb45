"""The routes for health, readiness and metrics. Readiness is of all workers, health of this process alone."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel, Field

from console.web.site import Silent, Site, site_of

router: Final = APIRouter()


class Health(BaseModel):
    """The answer to the health check."""

    status: str = Field(description="always ok: a process that is not does not answer")


class Absent(BaseModel):
    """A worker that did not answer."""

    endpoint: str = Field(description="the VPC or VBR")
    code: str = Field(description="stable code of the error")
    sentence: str = Field(description="the error, for people")


class Readiness(BaseModel):
    """The answer to the readiness check: whether every worker that is known here answers."""

    ready: bool = Field(description="whether all of them do")
    workers: list[str] = Field(description="endpoints whose workers answered")
    silent: list[Absent] = Field(description="those that did not")


@router.get("/_peering/health", summary="Is this process alive?")
async def health() -> Health:
    """Say that this process is alive, by answering at all."""
    return Health(status="ok")


@router.get("/_peering/ready", summary="Do all workers answer?", responses={503: {"model": Readiness}})
async def ready(site: Annotated[Site, Depends(site_of)], response: Response) -> Readiness:
    """Ask every worker; 503 unless all answer within two seconds."""
    answers = await site.workers()
    silent = [Absent(endpoint=a.endpoint, code=a.code, sentence=a.sentence) for a in answers if isinstance(a, Silent)]
    if silent:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Readiness(
        ready=not silent, workers=[one.endpoint for one in answers if not isinstance(one, Silent)], silent=silent
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, site: Annotated[Site, Depends(site_of)]) -> Response:
    """Send what Prometheus scrapes: counts of this process, and what each worker counts itself."""
    text, kind = request.app.state.metrics.scrape(await site.workers())
    return Response(text, headers={"Content-Type": kind})
