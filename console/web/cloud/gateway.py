"""The one route of the cloud's API: request in, account and action found, repetitions recognised, answer out.

The cloud's own gateway does the same for all its products.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from console.web.cloud.actions import changing, connecting, creating, deleting, describing, routers, routes, tagging
from console.web.cloud.answers import Body, error_body, wants_xml, written
from console.web.cloud.cloud import Call, Cloud
from console.web.cloud.errors import ApiError, ErrorKind
from console.web.cloud.parameters import Parameters
from console.web.cloud.records import ANSWERED
from console.web.cloud.signatures import Received
from console.web.guard import is_signed_call

Handler = Callable[[Call], Awaitable[Body]]

PARAMETERS_LIMIT: Final = 1000
CLIENT_TOKEN_SECONDS: Final = 86_400.0
_LOG: Final = logging.getLogger(__name__)

ACTIONS: Final[Mapping[str, Handler]] = {
    "CreateRouterInterface": creating.create_router_interface,
    "ModifyRouterInterfaceAttribute": changing.modify_router_interface_attribute,
    "ModifyRouterInterfaceSpec": changing.modify_router_interface_spec,
    "ConnectRouterInterface": connecting.connect_router_interface,
    "DeactivateRouterInterface": connecting.deactivate_router_interface,
    "ActivateRouterInterface": connecting.activate_router_interface,
    "DeleteRouterInterface": deleting.delete_router_interface,
    "DeleteExpressConnect": deleting.delete_express_connect,
    "DescribeRouterInterfaces": describing.describe_router_interfaces,
    "DescribeRouterInterfaceAttribute": describing.describe_router_interface_attribute,
    "CreateVpc": routers.create_vpc,
    "DeleteVpc": routers.delete_vpc,
    "DescribeVpcs": routers.describe_vpcs,
    "DescribeVpcAttribute": routers.describe_vpc_attribute,
    "CreateVirtualBorderRouter": routers.create_virtual_border_router,
    "DeleteVirtualBorderRouter": routers.delete_virtual_border_router,
    "DescribeVirtualBorderRouters": routers.describe_virtual_border_routers,
    "CreateRouteEntry": routes.create_route_entry,
    "DeleteRouteEntry": routes.delete_route_entry,
    "DescribeRouteTableList": routes.describe_route_table_list,
    "DescribeRouteEntryList": routes.describe_route_entry_list,
    "TagResources": tagging.tag_resources,
    "UnTagResources": tagging.untag_resources,
    "UntagResources": tagging.untag_resources,
    "ListTagResources": tagging.list_tag_resources,
    "TagResourcesForExpressConnect": tagging.tag_resources,
    "UntagResourcesForExpressConnect": tagging.untag_resources,
    "ListTagResourcesForExpressConnect": tagging.list_tag_resources,
    "ChangeResourceGroup": tagging.change_resource_group,
    "MoveResourceGroup": tagging.change_resource_group,
}
"""Some have two names: the SDKs write them so, or newer SDKs do."""


class ActionRoute(Route):
    """The route `/` for programs: every POST, and a GET that names an Action; a GET without one is a person's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave a person's GET to the next route."""
        match, child = super().matches(scope)
        return (match, child) if is_signed_call(scope) else (Match.NONE, {})


def gateway(cloud: Cloud, count: Callable[[str, str, float], None]) -> Route:
    """Make the route that answers the cloud's API; each answer is counted as (action, code, seconds)."""

    async def take(request: Request) -> Response:
        began, request_id = time.perf_counter(), str(uuid.uuid4()).upper()
        received = await _received(request)
        action, status, code = "", 200, "OK"
        try:
            parameters = Parameters.of(received)
            action = parameters.action if parameters.action in ACTIONS else ""
            body: Body = {"RequestId": request_id, **await _answer(cloud, received, parameters)}
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


async def _answer(cloud: Cloud, received: Received, parameters: Parameters) -> Body:
    """Make the answer's body. Raises ApiError and nothing else: an error of this program is an InternalError."""
    handler = ACTIONS.get(parameters.action)
    if handler is None:
        raise ErrorKind.NO_SUCH_ACTION.error()
    try:
        account = await _admitted(cloud, received, parameters)
        return await _once(Call(cloud, account, parameters), handler)
    except ApiError:
        raise
    except Exception as error:
        _LOG.exception("an error of this program in %s", parameters.action)
        raise ErrorKind.BROKEN_INSIDE.error() from error


async def _admitted(cloud: Cloud, received: Received, parameters: Parameters) -> str:
    """Find who calls, and do to the call what a rule wants. Raises ApiError."""
    account = cloud.authenticator.account_of(received, datetime.now(UTC))
    about = parameters.text("RouterInterfaceId") or parameters.text("InstanceId")
    await asyncio.sleep(cloud.rules.delay_seconds(account, parameters.action, about))
    refusal = cloud.rules.refusal(account, parameters.action, about)
    if refusal is not None:
        raise refusal
    return account


async def _once(call: Call, handler: Handler) -> Body:
    """Answer a repeated ClientToken as it was answered first. Raises ApiError."""
    token = call.parameters.token()
    if not token or call.parameters.action.startswith(("Describe", "List")):
        return await handler(call)
    name = f"{call.account} {call.parameters.action} {token}"
    async with call.cloud.lock(name):
        return await _first_answer(call, handler, name)


async def _first_answer(call: Call, handler: Handler, name: str) -> Body:
    store, now = call.cloud.store, time.time()
    asked = hashlib.sha256(call.parameters.asked().encode()).hexdigest()
    known = store.recall(ANSWERED, name, now)
    if known is not None:
        question, _, answer = known.partition(" ")
        if question != asked:
            raise ErrorKind.DIFFERENT_REQUEST.error()
        body: dict[str, Any] = json.loads(answer)
        return body
    made = await handler(call)
    store.remember(ANSWERED, name, now, now + CLIENT_TOKEN_SECONDS, f"{asked} {json.dumps(made)}")
    return made
