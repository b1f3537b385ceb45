"""Whoever opens the address in a browser must not meet an error, so there is a page where programs have their API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router: Final = APIRouter(include_in_schema=False)

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>peering</title></head><body>
<h1>Peering connections</h1>
<p>This address is the endpoint of the cloud's API. Beside it: <a href="/_peering/ready">the workers</a>,
<a href="/metrics">metrics</a>, <a href="/_peering/openapi.json">the control API</a>.</p>
</body></html>
"""


@router.get("/", response_class=HTMLResponse)
async def page() -> str:
    """The page."""
    return _PAGE
