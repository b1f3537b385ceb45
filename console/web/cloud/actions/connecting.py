"""The actions that connect, deactivate and activate an interface.

Deactivate and Activate act on the caller's own hold, and the joint status shows at both ends: an end that is Inactive
only because of the other may be deactivated as well (the official example does that in turn), and activating it
succeeds, since its owner wants it up, and leaves it Inactive until the other's hold is gone.
"""

from __future__ import annotations

from typing import Final

from console.client import Refused
from console.web.cloud.actions.opposite import check_the_only_pair, peer_of
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.records import INITIATING, RouterInterface
from shared.protocol.refusals import (
    HELD_BY_PEER,
    INCORRECT_STATUS,
    PEER_DELETED,
    PEER_KIND_NOT_ALLOWED,
    PEER_NOT_CONFIGURED,
    SAME_ENDPOINT,
    VBR_TO_VBR,
)
from shared.wire import commands
from shared.wire.request import CommandForm

_MEANT: Final = {
    "NotInitiator": ErrorKind.NOT_INITIATING,
    PEER_NOT_CONFIGURED.code: ErrorKind.OPPOSITE_NOT_SET,
    SAME_ENDPOINT.code: ErrorKind.SAME_ROUTER,
    VBR_TO_VBR.code: ErrorKind.SAME_ROUTER,
    PEER_KIND_NOT_ALLOWED.code: ErrorKind.SAME_ROUTER,
    PEER_DELETED.code: ErrorKind.OPPOSITE_DELETED,
}
"""What the API calls a worker's refusals; IncorrectStatus is called something else by each action."""


async def connect_router_interface(call: Call) -> Body:
    """Answer `ConnectRouterInterface`: work begins; whether it ends depends on the other end's owner."""
    end = await call.interface(ErrorKind.NO_INTERFACE)
    record, cloud = end.record, call.cloud
    if record.role != INITIATING:
        raise ErrorKind.NOT_INITIATING.error()
    if end.status != "Idle":
        raise ErrorKind.STATUS_TO_CONNECT.error()
    if cloud.owes(call.account):
        raise ErrorKind.BILLS.error()
    if record.opposite_router == record.router:
        raise ErrorKind.SAME_ROUTER.error()
    peer = peer_of(cloud, record)
    if peer is None and end.view.peer is None:
        raise ErrorKind.OPPOSITE_NOT_SET.error()
    if cloud.rules.wants_both_set(call.account, record.id) and not await cloud.interfaces.is_named_back(end):
        raise ErrorKind.OPPOSITE_NOT_SET.error()
    await check_the_only_pair(call, record.router, end.opposite_router, record.id)
    if peer is not None:
        await _command(call, record, commands.configure(record.id, peer), ErrorKind.STATUS_TO_CONNECT)
    await _command(call, record, commands.change("initiate", record.id), ErrorKind.STATUS_TO_CONNECT)
    return {}


async def deactivate_router_interface(call: Call) -> Body:
    """Answer `DeactivateRouterInterface`: suspend under the caller's own hold."""
    end = await call.interface(ErrorKind.NO_INTERFACE)
    if end.record.business == "FinancialLocked":
        raise ErrorKind.LOCKED.error()
    because_of_peer = end.status in {"Inactive", "Deactivating"} and not end.holds and not end.peer_deleted
    if end.status != "Active" and not because_of_peer:
        raise ErrorKind.STATUS_TO_DEACTIVATE.error()
    await _command(call, end.record, commands.change("suspend", end.record.id), ErrorKind.STATUS_TO_DEACTIVATE)
    return {}


async def activate_router_interface(call: Call) -> Body:
    """Answer `ActivateRouterInterface`: lift the caller's own hold."""
    end = await call.interface(ErrorKind.NO_INTERFACE)
    if end.record.business == "FinancialLocked":
        raise ErrorKind.LOCKED.error()
    if end.peer_deleted:
        raise ErrorKind.OPPOSITE_DELETED.error()
    if end.status != "Inactive":
        raise ErrorKind.STATUS_TO_ACTIVATE.error()
    await _command(call, end.record, commands.change("resume", end.record.id), ErrorKind.STATUS_TO_ACTIVATE)
    return {}


async def _command(call: Call, record: RouterInterface, command: CommandForm, in_wrong_status: ErrorKind) -> None:
    """Send a command to the worker. Raises its refusal as the API's error."""
    try:
        await call.cloud.interfaces.command(record.endpoint, command)
    except Refused as refused:
        if refused.code == HELD_BY_PEER.code:
            return
        if refused.code == INCORRECT_STATUS.code:
            raise in_wrong_status.error() from refused
        raise _MEANT[refused.code].error() from refused
