"""Peer information as a person gives it, completed from the context.

What is not said is known: the account and region of an endpoint of the topology, or the interface's own region.
"""

from __future__ import annotations

from typing import NamedTuple

from console.client.clients import Clients, Located
from console.client.errors import NotUnderstood
from shared.wire import commands
from shared.wire.request import PeerForm


class WantedPeer(NamedTuple):
    """Peer information as it was given: `ri-…@ENDPOINT`, and the rest where it was said."""

    peer: str
    account: str | None
    region: str | None


async def peer_form(clients: Clients, place: Located, wanted: WantedPeer) -> PeerForm:
    """Complete peer information: what was not said is taken from the context. Raises NotUnderstood."""
    interface, _, endpoint = wanted.peer.partition("@")
    known = clients.context.endpoint(endpoint)
    uid = _uid(clients, wanted.account) or (known.account if known is not None else None)
    if uid is None:
        raise NotUnderstood(f"The account of {endpoint} is not known here: give it with --peer-account UID.")
    region = wanted.region or (known.region if known is not None else None) or await _own_region(clients, place)
    return commands.peer(interface, endpoint, uid, region)


def _uid(clients: Clients, account: str | None) -> str | None:
    """Return an account's uid, which may have been given by its name."""
    named = next((one.uid for one in clients.context.accounts if account is not None and one.name == account), None)
    return named or account


async def _own_region(clients: Clients, place: Located) -> str:
    known = clients.context.endpoint(place.endpoint)
    if known is not None and known.region is not None:
        return known.region
    return (await clients.view(place)).region
