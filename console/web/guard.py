"""The checks of a request's headers that keep other sites' pages out.

The server holds the owners' passwords. Three things keep other people's pages out: the host must be a number or
localhost, which no name of theirs can be made to mean (DNS rebinding); a change must name this very address as its
origin, as JSON and with a header of ours, which no page elsewhere can send without being asked first (CORS); and
nothing here allows anything to anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Header, HTTPException, Request, Response, status

HEADER: Final = "X-Peering-Page"

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Nothing from elsewhere is loaded, and nobody elsewhere may show or keep this."""


def guarded(
    request: Request,
    response: Response,
    host: Annotated[str, Header()] = "",
    sec_fetch_site: Annotated[str, Header()] = "none",
) -> None:
    """Check that nobody else's page reads here, and add the headers of every answer. Answers 403 otherwise."""
    if not is_own_name(host):
        raise _forbidden(f"the host {host[:80]!r} is neither a number nor localhost")
    if sec_fetch_site not in {"none", "same-origin"} and request.url.path != "/":
        raise _forbidden("another site asked for it")
    for name, value in HEADERS.items():
        response.headers[name] = value


def from_own_page(
    host: Annotated[str, Header()] = "",
    origin: Annotated[str, Header()] = "",
    content_type: Annotated[str, Header()] = "",
    x_peering_page: Annotated[str, Header()] = "",
) -> None:
    """Check that a change was asked for by a page of this very address. Answers 403 otherwise."""
    if urlsplit(origin).netloc != host or not host:
        raise _forbidden(f"the origin {origin[:80]!r} is not {host[:80]!r}")
    if not x_peering_page:
        raise _forbidden(f"the header {HEADER} is missing")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise _forbidden("the body must be application/json")


def is_own_name(host: str) -> bool:
    """Whether a Host header is one that nobody else's DNS can give out: an address in numbers, or localhost."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 section 6.3: these never leave the machine
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _forbidden(why: str) -> HTTPException:
    return HTTPException(status.HTTP_403_FORBIDDEN, f"refused: {why}.", headers=dict(HEADERS))
