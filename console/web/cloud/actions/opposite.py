"""The peer information of an interface: four fields that may be said one by one, told to its worker all at once."""

from __future__ import annotations

import re
from typing import Final

from console.client import Refused
from console.web.cloud.cloud import Call, Cloud
from console.web.cloud.errors import ErrorKind
from console.web.cloud.records import ACCEPTING, INITIATING, RouterInterface
from shared.protocol.words import Status
from shared.wire import commands
from shared.wire.request import PeerForm

_INTERFACE: Final = re.compile(r"ri-[a-z0-9]{1,40}")
_ROUTER: Final = re.compile(r"(vrt|vbr)-[a-z0-9-]{1,36}")
_NO_CONNECTION: Final = frozenset({Status.IDLE, Status.DELETING, Status.DELETED})
_OTHER: Final = {INITIATING: ACCEPTING, ACCEPTING: INITIATING}


def peer_of(cloud: Cloud, record: RouterInterface) -> PeerForm | None:
    """The peer information as the worker takes it; None while it is incomplete or can't be a peer."""
    if not _INTERFACE.fullmatch(record.opposite_interface) or not _ROUTER.fullmatch(record.opposite_router):
        return None
    return {
        "interface": record.opposite_interface,
        "endpoint": cloud.routers.endpoint_of(record.opposite_router, _OTHER[record.role]),
        "account": record.opposite_owner or record.account,
        "region": record.opposite_region,
    }


async def check_the_only_pair(call: Call, own: str, opposite: str, interface: str) -> None:
    """Check that these two routers have no connection but this interface's. Raises ApiError.

    Either router may have the initiating end, and one that connects in vain comes up by itself once the other end is
    set: so the initiating ends of the opposite router count as well, whoever owns it.
    """
    found = []
    for name, other, roles in ((own, opposite, (INITIATING, ACCEPTING)), (opposite, own, (INITIATING,))):
        router = call.cloud.routers.find(name)
        found += [] if router is None else await call.cloud.interfaces.facing(router, other, roles)
    for end in found:
        if end.record.id != interface and not end.record.connection and end.view.status not in _NO_CONNECTION:
            begun = end.view.status in {Status.CONNECTING, Status.ACCEPTING}
            raise (ErrorKind.CONNECTING_ALREADY if begun else ErrorKind.CONNECTED_ALREADY).error()


async def tell_worker(cloud: Cloud, record: RouterInterface) -> None:
    """Configure the worker once the four fields are complete; what it refuses is not judged before Connect."""
    peer = peer_of(cloud, record)
    if peer is None or record.opposite_router == record.router:
        return
    try:
        await cloud.interfaces.command(record.endpoint, commands.configure(record.id, peer))
    except Refused:
        return
