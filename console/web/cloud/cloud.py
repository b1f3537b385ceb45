"""`Cloud`, the state that all calls of the cloud's API share, and `Call`, one call with the account that signed it."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from console.client.ids import interface_id
from console.web.cloud.authentication import Authenticator
from console.web.cloud.description import DRY_RUN, Description
from console.web.cloud.errors import ErrorKind
from console.web.cloud.interfaces import Interface, Interfaces
from console.web.cloud.parameters import Parameters
from console.web.cloud.peerings import Peerings
from console.web.cloud.records import Key, RouterInterface
from console.web.cloud.routers import Routers
from console.web.cloud.rules import Rules
from console.web.cloud.store import CloudStore
from console.web.cloud.tables import REGIONS
from console.web.site import Site

KEY_ID_BYTES: Final = 10
SECRET_BYTES: Final = 24
_ID_DIGITS: Final = string.digits + string.ascii_lowercase


@dataclass(slots=True)
class Cloud:
    """The state that all calls of the API share."""

    site: Site
    store: CloudStore
    rules: Rules
    routers: Routers
    interfaces: Interfaces
    peerings: Peerings
    authenticator: Authenticator
    locks: WeakValueDictionary[object, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def lock(self, name: object) -> asyncio.Lock:
        """The lock of an interface, a router or a call: there as long as somebody holds or awaits it."""
        return self.locks.setdefault(name, asyncio.Lock())

    def check_region(self, region: str) -> str:
        """Check that a region exists, and return it. Raises ApiError."""
        if region not in REGIONS and region not in {one.region for one in self.site.context.endpoints}:
            raise ErrorKind.NO_REGION.error()
        return region

    def owes(self, account: str) -> bool:
        """Whether an interface of this account is locked because of bills."""
        return any(one.business == "FinancialLocked" for one in self.store.every(RouterInterface, account))

    def has_key(self, name: str) -> bool:
        """Whether an account has an access key of this id here."""
        return self.store.get(Key, name) is not None

    def keys(self) -> list[Key]:
        """List every account's access key."""
        known = {one.account: one for one in self.store.every(Key)}
        return [known[one.uid] for one in self.site.context.accounts if one.uid in known]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API: its account and its parameters, and what its ids are made from.

    A call that is resumed was begun before with the same ClientToken, and nobody knows how far it came.
    """

    cloud: Cloud
    account: str
    parameters: Parameters
    root: str = field(default_factory=lambda: interface_id().removeprefix("ri-"))
    resumed: bool = False

    def new_id(self, kind: str, *, other: bool = False) -> str:
        """Make an id of that kind (`ri`, `vpc`, `rte`): the same each time that the call is resumed.

        `other` is for a second thing of the same kind.
        """
        last = _ID_DIGITS[_ID_DIGITS.index(self.root[-1]) - 1] if other else self.root[-1]
        return f"{kind}-{self.root[:-1]}{last}"

    @property
    def description(self) -> Description:
        """What the action does with each parameter."""
        return self.parameters.takes

    @property
    def dry(self) -> bool:
        """Whether it only asks what would be answered. Raises ApiError."""
        return self.description.may_run_dry and self.parameters.flag(DRY_RUN)

    def proceed(self) -> None:
        """Go on from the checks to the first change: a dry run ends here. Raises ApiError."""
        if self.dry:
            raise ErrorKind.DRY_RUN.error()

    @property
    def region(self) -> str:
        """The region that the call is about. Raises ApiError."""
        return self.cloud.check_region(self.parameters.need("RegionId"))

    async def interface(self, unknown: ErrorKind) -> Interface:
        """Find the interface that the call is about. Raises ApiError, of the kind `unknown` if it is not there."""
        name = self.parameters.need("RouterInterfaceId")
        found = await self.cloud.interfaces.settled(self.account, self.region, name)
        if found is None:
            raise unknown.error()
        return found


@asynccontextmanager
async def cloud_of(site: Site) -> AsyncIterator[Cloud]:
    """Open the cloud: learn which endpoints run, start those that were started before, give each account a key."""
    store = CloudStore(site.folder)
    try:
        rules, routers = Rules(), Routers(site, store)
        interfaces = Interfaces(site, store, routers, rules)
        peerings = Peerings(store, interfaces)
        cloud = Cloud(site, store, rules, routers, interfaces, peerings, Authenticator(store))
        _have_keys(cloud)
        await routers.open()
        yield cloud
    finally:
        store.close()


def _have_keys(cloud: Cloud) -> None:
    """Give each account its access key: the topology's, or else one that is generated once and stored."""
    known = {one.account: one for one in cloud.store.every(Key)}
    for account in cloud.site.context.accounts:
        given = account.access_key_id, account.access_key_secret
        if given[0] and given[1]:
            if account.uid in known:
                cloud.store.remove(known[account.uid])
            cloud.store.put(Key(id=given[0], account=account.uid, secret=given[1]))
        elif account.uid not in known:
            key = f"LTAI{secrets.token_hex(KEY_ID_BYTES)}"
            cloud.store.put(Key(id=key, account=account.uid, secret=secrets.token_urlsafe(SECRET_BYTES)))
