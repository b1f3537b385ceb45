"""The one route of the cloud's API: request in, account and action found, the call performed, answer out.

The cloud's own gateway does the same for all its products.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from console.web.cloud.answers import Body, error_body, wants_xml, written
from console.web.cloud.catalogue import ACTIONS
from console.web.cloud.cloud import Cloud
from console.web.cloud.errors import ApiError, ErrorKind
from console.web.cloud.parameters import Parameters
from console.web.cloud.performing import perform
from console.web.cloud.signatures import Received, Signature, signature_of
from console.web.guard import is_signed_call

PARAMETERS_LIMIT: Final = 1000
_LOG: Final = logging.getLogger(__name__)


class ActionRoute(Route):
    """The route `/` for programs: every POST, and a GET that names an Action; a GET without one is a person's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave a person's GET to the next route."""
        match, child = super().matches(scope)
        return (match, child) if is_signed_call(scope) else (Match.NONE, {})


def gateway(cloud_of: Callable[[str], Cloud], count: Callable[[str, str, float], None]) -> Route:
    """Make the route that answers the cloud's API; each answer is counted as (action, code, seconds).

    `cloud_of` finds the cloud whose access key has this id; for one that is unknown, any that says so.
    """

    async def take(request: Request) -> Response:
        began, request_id = time.perf_counter(), str(uuid.uuid4()).upper()
        received = await _received(request)
        action, status, code = "", 200, "OK"
        try:
            parameters = Parameters.of(received)
            action = parameters.action if parameters.action in ACTIONS else ""
            body: Body = {"RequestId": request_id, **await _answer(cloud_of, received, parameters)}
        except ApiError as error:
            status, code = error.status, error.code
            body = error_body(error, request_id, request.headers.get("host", ""))
        xml = wants_xml(received)
        root = f"{action}Response" if code == "OK" else "Error"
        content, kind = written(body, root, xml=xml)
        count(action or "unknown", code, time.perf_counter() - began)
        return Response(content, status, headers={"Content-Type": kind, "x-acs-request-id": request_id})

    return ActionRoute("/", take, methods=["GET", "POST"], include_in_schema=False)


async def _received(request: Request) -> Received:
    body = await request.body()
    form: list[tuple[str, str]] = []
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = _pairs(body.decode("utf-8", "replace"))
    query = _pairs(request.scope["query_string"].decode("latin-1"))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    return Received(request.method, request.url.path, tuple(query), tuple(form), headers, body)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Read parameters; each costs time before anybody knows who sent it. Answers 413 beyond the limit."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=PARAMETERS_LIMIT)
    except ValueError:
        raise HTTPException(413, f"refused: a call has at most {PARAMETERS_LIMIT} parameters.") from None


async def _answer(cloud_of: Callable[[str], Cloud], received: Received, parameters: Parameters) -> Body:
    """Make the answer's body. Raises ApiError and nothing else: an error of this program is an InternalError."""
    action = ACTIONS.get(parameters.action)
    if action is None or parameters.version not in action.description.versions.split():
        raise ErrorKind.NO_SUCH_ACTION.error()
    try:
        signature = signature_of(received)
        cloud = cloud_of(signature.key)
        account = await _admitted(cloud, signature, parameters)
        return await perform(cloud, account, parameters)
    except ApiError:
        raise
    except Exception as error:
        _LOG.exception("an error of this program in %s", parameters.action)
        raise ErrorKind.BROKEN_INSIDE.error() from error


async def _admitted(cloud: Cloud, signature: Signature, parameters: Parameters) -> str:
    """Find who calls, and do to the call what a rule wants. Raises ApiError."""
    account = cloud.authenticator.account_of(signature, datetime.now(UTC))
    about = parameters.about()
    await asyncio.sleep(cloud.rules.delay_seconds(account, parameters.action, about))
    refusal = cloud.rules.refusal(account, parameters.action, about)
    if refusal is not None:
        raise refusal
    return account
