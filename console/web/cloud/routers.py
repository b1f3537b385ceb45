"""The VPCs and VBRs of all accounts, and the endpoints whose workers they are: up to two, one for each role.

The worker that initiates has the VPC's own id, the one that accepts has it with `-acc` behind (of a topology's
endpoints, whichever role was declared has the bare id). They are started when an interface first needs them, where this
process has a supervisor; elsewhere the routers are those whose workers run already.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from console.client import ClientError, Unanswered
from console.stack.endpoints import add_endpoint, can_grow, remove_endpoint
from console.stack.errors import StackRefused
from console.topology import EndpointSection, KnownEndpoint, NoContext
from console.topology.models import ROLES
from console.web.cloud.errors import ApiError, ErrorKind
from console.web.cloud.records import ACCEPTING, INITIATING, Router
from console.web.cloud.store import CloudStore
from console.web.site import Site
from shared.broker.errors import ControlPlaneError

_LOG: Final = logging.getLogger(__name__)

SUFFIXES: Final = {INITIATING: "-ini", ACCEPTING: "-acc"}
"""What stands behind the id of a router's second worker."""

ROLE_NAMES: Final = {role.api_name: name for name, role in ROLES.items()}
"""From the API's name of a role to the worker's."""


def now_text() -> str:
    """Write the present time as the API does."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def router_id(endpoint: str) -> str:
    """Name the router that a worker is: `vrt-…` of a VPC, `vbr-…` of a VBR."""
    kind, _, rest = endpoint.partition("-")
    for suffix in SUFFIXES.values():
        rest = rest.removesuffix(suffix)
    return f"{'vrt' if kind == 'vpc' else kind}-{rest}"


class Routers:
    """The VPCs and VBRs of all accounts, with their workers."""

    def __init__(self, site: Site, store: CloudStore) -> None:
        """Prefer to `open` it before the first request."""
        self._site, self._store = site, store
        self._starting: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self) -> None:
        """Learn of the endpoints that run, and start again those that were started before."""
        await asyncio.gather(*(self._declare(one) for one in self._site.context.at_hand))
        if can_grow(self._site.stack):
            routers = self._store.every(Router)
            await asyncio.gather(*(self._restart(one, role) for one in routers for role in self._started_roles(one)))

    def find(self, name: str, account: str | None = None, region: str | None = None) -> Router | None:
        """Find a router by its id, if it is this account's and in this region."""
        found = self._store.get(Router, name)
        if found is None or account not in {None, found.account} or region not in {None, found.region}:
            return None
        return found

    def need(self, name: str, account: str, region: str) -> Router:
        """Find a router as `find` does. Raises ApiError."""
        found = self.find(name, account, region)
        if found is None:
            raise ErrorKind.NO_ROUTER.error()
        return found

    def create(self, router: Router) -> None:
        """Write down a new VPC or VBR. Raises ApiError where nobody could start its workers."""
        if not can_grow(self._site.stack):
            raise ErrorKind.NO_MORE_ROUTERS.error()
        self._store.put(router)

    async def remove(self, router: Router) -> None:
        """Forget a VPC or VBR, and end its workers. One of the topology's stays: it is not ours to end."""
        if self._site.stack is not None:
            for endpoint in router.started:
                await remove_endpoint(self._site.stack, self._site.clients, endpoint)
        self._store.remove(router)

    def endpoint_of(self, name: str, role: str) -> str:
        """Name the endpoint that a router has in a role, as the other end has to name it; known or not."""
        found = self._store.get(Router, name)
        if found is not None and role in found.workers:
            return found.workers[role]
        return self._usual(name, role)

    async def worker(self, router: Router, role: str) -> str:
        """Find the endpoint whose worker runs in this role; it is started if it does not. Raises ApiError."""
        async with self._starting[f"{router.id} {role}"]:
            current = self._store.get(Router, router.id) or router
            if role in current.workers:
                return current.workers[role]
            if not can_grow(self._site.stack):
                raise ErrorKind.BAD_ROLE.error(
                    f"{ErrorKind.BAD_ROLE.message} No worker of {router.id} runs in this role here."
                )
            return await self._start(current, role)

    async def _restart(self, router: Router, role: str) -> None:
        """Start a worker that was started in a former run; one that doesn't start is missed by its callers alone."""
        try:
            await self._start(router, role)
        except ApiError as error:
            _LOG.warning("%s is not started as %s: %s", router.id, role, error.message)

    async def _start(self, router: Router, role: str) -> str:
        endpoint = self._usual(router.id, role)
        section = EndpointSection.model_validate(
            {
                "id": endpoint,
                "kind": "vbr" if router.is_vbr else "vpc",
                "account": router.account,
                "region": router.region,
                "role": ROLE_NAMES[role],
            }
        )
        stack = self._site.stack
        if stack is None:
            raise ErrorKind.NO_MORE_ROUTERS.error()
        try:
            await add_endpoint(stack, self._site.clients, section)
        except (StackRefused, ControlPlaneError, Unanswered) as error:
            raise ErrorKind.BROKEN_INSIDE.error(f"{ErrorKind.BROKEN_INSIDE.message} {error}") from error
        latest = self._store.get(Router, router.id) or router
        latest.workers[role] = endpoint
        latest.started = sorted({*latest.started, endpoint})
        self._store.put(latest)
        return endpoint

    def _usual(self, name: str, role: str) -> str:
        """Name the endpoint by rule: its own id in the role that has no other worker yet."""
        kind, _, rest = name.partition("-")
        own = f"{'vpc' if kind == 'vrt' else kind}-{rest}"
        found = self._store.get(Router, name)
        taken = found is not None and own in found.workers.values() and found.workers.get(role) != own
        return f"{own}{SUFFIXES[role]}" if taken or role == ACCEPTING else own

    def _started_roles(self, router: Router) -> Iterable[str]:
        return [role for role, endpoint in router.workers.items() if endpoint in router.started]

    async def _declare(self, known: KnownEndpoint) -> None:
        """Write down an endpoint of the topology; where the context says too little, its worker is asked."""
        region, role = known.region, known.role
        if region is None or role is None:
            try:
                about = await self._site.clients.worker(known.id)
            except (ClientError, NoContext):
                return
            region, role = about.region, about.role
        name = router_id(known.id)
        router = self._store.get(Router, name)
        if router is None or router.account != known.account or router.region != region:
            router = Router(id=name, account=known.account, region=region, created=now_text(), cidr="172.16.0.0/12")
        router.workers[ROLES[role].api_name] = known.id
        self._store.put(router)
