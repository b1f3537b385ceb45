"""The guard before all routes: who may ask for what is decided from a request's headers, before its body is read.

| asked for | by whom |
|---|---|
| the cloud's API at `/` | anybody: each call is signed |
| `/_peering/health` | anybody on this machine |
| the page and what it loads | a browser with the token as a cookie, which the printed address gives it |
| everything else | programs with the token (`Authorization: Bearer …`); a browser with the cookie may read |

Other people's pages are kept out by three more checks: the host must be a number, localhost or the name that was
listened on, which no name of theirs can be made to mean (DNS rebinding); a change that the page asks for must name this
very address as its origin, as JSON and with a header of ours, which no page elsewhere can send without being asked
first (CORS); and nothing here allows anything to anybody else. No body is longer than 1 MiB, whatever it claims.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import HTTPException, status
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT_BYTES: Final = 1_048_576
HEADER: Final = "X-Peering-Page"
OPEN: Final = "/_peering/health"
PAGE: Final = "/page/"

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


class Guard:
    """The ASGI middleware that lets a request through to `app`, or answers it."""

    def __init__(self, app: ASGIApp, token: str, own_host: str = "") -> None:
        """Keep the token, and the name that was listened on."""
        self._app, self._token, self._own_host = app, token, own_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the headers, count the body, and mark the answer."""
        if scope["type"] != "http":
            raise RuntimeError(f"this server speaks HTTP, not {scope['type']}")
        headers = Headers(scope=scope)
        signed = is_signed_call(scope)
        try:
            _check_length(headers)
            if not signed:
                self._check(scope, headers)
        except HTTPException as refused:
            answer: Response = JSONResponse({"detail": refused.detail}, refused.status_code, refused.headers)
            await answer(scope, receive, _marked(send))
            return
        if self._introduces(scope):
            await self._welcome(headers)(scope, receive, _marked(send))
            return
        await self._app(_without_cookies(scope), _counted(receive), send if signed else _marked(send))

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Whether this request may come in. Raises HTTPException."""
        host, path = headers.get("host", ""), scope["path"]
        if not is_own_name(host) and (not self._own_host or _name(host) != self._own_host):
            raise _forbidden(f"the host {host[:80]!r} is neither a number nor localhost")
        site, reads = headers.get("sec-fetch-site", "none"), scope["method"] in {"GET", "HEAD"}
        if site not in {"none", "same-origin"} and path != "/":
            raise _forbidden("another site asked for it")
        if path == OPEN or self._introduces(scope):
            return
        bearer = self._is_token(_bearer(headers))
        if not bearer and not self._is_token(_cookie(headers, host)):
            raise HTTPException(
                status.HTTP_401_UNAUTHORIZED,
                "refused: the access token is missing. `peering up` and `peering serve` print the page's address with "
                "it on a terminal; programs send what the file `token` of the folder holds: `Authorization: Bearer …`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if reads:
            return
        if path.startswith(PAGE):
            _check_own_page(headers, host)
        elif not bearer or site != "none" or "origin" in headers:
            raise _forbidden("a web page asked for it")

    def _introduces(self, scope: Scope) -> bool:
        """Whether a browser opens the printed address."""
        return self._is_token(_introduced(scope))

    def _welcome(self, headers: Headers) -> Response:
        """Give a browser the cookie, and lead it to an address that says no secret."""
        answer = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
        name = _cookie_name(headers.get("host", ""))
        answer.set_cookie(name, self._token, path="/", httponly=True, samesite="strict")
        return answer

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def token_of(scope: Scope) -> str:
    """The token that a request brings, right or wrong; empty if it brings none."""
    headers = Headers(scope=scope)
    return _bearer(headers) or _introduced(scope) or _cookie(headers, headers.get("host", ""))


def _bearer(headers: Headers) -> str:
    given: str = headers.get("authorization", "")
    return given.removeprefix("Bearer ").strip()


def _introduced(scope: Scope) -> str:
    """The token of a printed address."""
    if scope["path"] != "/" or scope["method"] != "GET" or not scope["query_string"]:
        return ""
    query: str = scope["query_string"].decode("latin-1")
    return dict(parse_qsl(query)).get("token", "")


def is_signed_call(scope: Scope) -> bool:
    """Whether it is a call of the cloud's API: a POST to `/`, or a GET that names an Action, as no person's does."""
    if scope["path"] != "/" or scope["method"] not in {"GET", "HEAD", "POST"}:
        return False
    if scope["method"] == "POST":
        return True
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return "Action" in query or b"x-acs-action" in dict(scope["headers"])


def is_own_name(host: str) -> bool:
    """Whether a Host header is one that nobody else's DNS can give out: an address in numbers, or localhost."""
    name = _name(host)
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 section 6.3: these never leave the machine
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Read a Host header without its port; empty if it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _check_own_page(headers: Headers, host: str) -> None:
    """Check that a change was asked for by a page of this very address. Raises HTTPException."""
    origin = headers.get("origin", "")
    if urlsplit(origin).netloc != host or not host:
        raise _forbidden(f"the origin {origin[:80]!r} is not {host[:80]!r}")
    if not headers.get(HEADER):
        raise _forbidden(f"the header {HEADER} is missing")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _forbidden("the body must be application/json")


def _check_length(headers: Headers) -> None:
    """Check what a request says of its body's length. Raises HTTPException."""
    if int(headers.get("content-length") or 0) > BODY_LIMIT_BYTES:
        raise _too_long()


def _counted(receive: Receive) -> Receive:
    """Count the body as it comes in, for one that does not say its length."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_LIMIT_BYTES:
            raise _too_long()
        return message

    return counted


def _marked(send: Send) -> Send:
    """Add to an answer what forbids it to other sites."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return marked


def _cookie(headers: Headers, host: str) -> str:
    """Read the token that a browser was given; `http.cookies` takes minutes for some headers (CVE-2024-7592)."""
    name = _cookie_name(host)
    pairs = (one.strip().partition("=") for one in headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _without_cookies(scope: Scope) -> Scope:
    """A request for those behind the guard: they need no cookie, and read all of them with `http.cookies`."""
    return {**scope, "headers": [one for one in scope["headers"] if one[0] != b"cookie"]}


def _cookie_name(host: str) -> str:
    """Name the cookie by the port: all ports of a host share their cookies."""
    return f"peering-{host.rpartition(':')[2]}" if host.rpartition(":")[2].isdecimal() else "peering"


def _forbidden(why: str) -> HTTPException:
    return HTTPException(status.HTTP_403_FORBIDDEN, f"refused: {why}.")


def _too_long() -> HTTPException:
    return HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, f"refused: a body has at most {BODY_LIMIT_BYTES} bytes.")
