"""The web application: which router answers which path.

`console.web.cloud` answers programs written for the cloud, `console.web.page` shows people both ends, and `/_peering`
is this simulator's own interface. At `/`, whoever names an Action is a program, and anybody else a person.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from console.web.cloud.cloud import Cloud
from console.web.cloud.gateway import gateway
from console.web.guard import Guard
from console.web.metrics import Metrics
from console.web.page.routes import router as page
from console.web.peering.dead_letters import router as dead_letters
from console.web.peering.faults import router as faults
from console.web.peering.health import router as health
from console.web.peering.looks import router as looks
from console.web.peering.owners import router as owners
from console.web.peering.simulation import router as control
from console.web.peering.situations import router as situations
from console.web.peering.world_keeping import Worlds
from console.web.peering.worlds import router as worlds_router
from console.web.site import Site

TITLE: Final = "Peering simulator"


def make_app(
    site: Site, token: str, cloud: Cloud | None = None, own_host: str = "", worlds: Worlds | None = None
) -> FastAPI:
    """Make the web application around one site; without a cloud it has the page and no API.

    The one that has `worlds` makes them, and answers the cloud's API for all of them.
    """
    app, metrics = described_app(), Metrics()
    app.state.site, app.state.cloud, app.state.metrics, app.state.worlds = site, cloud, metrics, worlds
    app.add_middleware(Guard, token=token, own_host=own_host)
    if cloud is not None:

        def cloud_of(key: str) -> Cloud:
            return cloud if worlds is None else worlds.cloud_of(key) or cloud

        app.router.routes.insert(0, gateway(cloud_of, metrics.count))
    return app


def described_app() -> FastAPI:
    """Make the application with no site behind it, from which its description is generated."""
    app = FastAPI(
        title=TITLE,
        version="1",
        description="What the simulator offers beside the cloud's own API; generated from the code by `make docs`. All "
        "but the health check needs the access token: `Authorization: Bearer …`, from the file `token` in its folder.",
        docs_url=None,  # its page would load programs from elsewhere
        redoc_url=None,
        openapi_url="/_peering/openapi.json",
    )
    app.include_router(health)
    app.include_router(control)
    app.include_router(owners)
    app.include_router(looks)
    app.include_router(faults)
    app.include_router(situations)
    app.include_router(dead_letters)
    app.include_router(worlds_router)
    app.include_router(page)
    return app
