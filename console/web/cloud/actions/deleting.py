"""The actions that delete one end of a connection, or both ends of one account.

An end that is connecting with nobody, or with one that does not name it back, can be deleted as well: nothing else
would get its owner out of that. Deleting one end leaves the other standing, Inactive, with nobody opposite: its owner
has to delete it as well.
"""

from __future__ import annotations

from console.client import Refused
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.interfaces import Interface
from console.web.cloud.records import RouteEntry
from console.web.cloud.tables import SETTLED
from shared.wire import commands


async def delete_router_interface(call: Call) -> Body:
    """Answer `DeleteRouterInterface`: one end, Idle or Inactive, that no route leads through."""
    end = await call.interface(ErrorKind.NO_INTERFACE_TO_DELETE)
    if call.resumed and end.status == "Deleting":
        return {}
    if end.status not in {"Idle", "Inactive"} and not await _calls_in_vain(call, end):
        raise ErrorKind.STATUS_TO_DELETE.error()
    _check_charge(end)
    check_routes(call, end)
    await delete_end(call, end, ErrorKind.STATUS_TO_DELETE)
    return {}


async def delete_express_connect(call: Call) -> Body:
    """Answer `DeleteExpressConnect`: both ends that are the caller's, even if Active; with Force their routes."""
    end = await call.interface(ErrorKind.NO_INTERFACE_TO_DELETE)
    if call.resumed and end.status == "Deleting":
        return {}
    ends = [
        *await _other_end(call, end),
        end,
    ]  # the named one is the last: as long as it is there, the call can be resumed
    for one in ends:
        if one.status not in SETTLED and not await _calls_in_vain(call, one):
            raise ErrorKind.STATUS_TO_DELETE_BOTH.error()
        _check_charge(one)
    routes = [route for one in ends for route in _routes(call, one)]
    if routes and not call.parameters.flag("Force"):
        raise ErrorKind.HAS_ROUTES.error()
    for route in routes:
        call.cloud.store.remove(route)
    for one in ends:
        await delete_end(call, one, ErrorKind.STATUS_TO_DELETE_BOTH)
    return {}


async def _other_end(call: Call, end: Interface) -> list[Interface]:
    """Find the other end, if the same account has it and it names this one back."""
    peer = end.view.peer
    if peer is None or peer.account != call.account:
        return []
    other = await call.cloud.interfaces.settled(call.account, peer.region, peer.interface)
    names_it = other is not None and other.view.peer is not None and other.view.peer.interface == end.record.id
    return [other] if other is not None and names_it else []


async def _calls_in_vain(call: Call, end: Interface) -> bool:
    """Whether an end is connecting, as whichever end, to one that does not name it back or says nothing."""
    return end.status in {"Connecting", "AcceptingConnecting"} and not await call.cloud.interfaces.is_named_back(end)


def _check_charge(end: Interface) -> None:
    if end.record.charge == "PrePaid":
        raise ErrorKind.PREPAID.error()


def check_routes(call: Call, end: Interface) -> None:
    """Check that no route leads through an end. Raises ApiError."""
    if _routes(call, end):
        raise ErrorKind.HAS_ROUTES.error()


def _routes(call: Call, end: Interface) -> list[RouteEntry]:
    return [one for one in call.cloud.store.every(RouteEntry, end.record.account) if one.next_hop == end.record.id]


async def delete_end(call: Call, end: Interface, in_wrong_status: ErrorKind) -> None:
    """Have the worker delete an end. Raises its refusal as the API's error."""
    try:
        await call.cloud.interfaces.command(end.record.endpoint, commands.change("delete", end.record.id))
    except Refused as refused:
        raise in_wrong_status.error() from refused
