"""The seed: VPCs, VBRs and connected pairs that are made in one call, as a client's calls would."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from console.web.cloud.answers import Body
from console.web.cloud.cloud import Cloud
from console.web.cloud.errors import ErrorKind
from console.web.cloud.parameters import Parameters
from console.web.cloud.performing import perform
from console.web.cloud.records import ACCEPTING, INITIATING, Router
from console.web.cloud.tables import NEGATIVE


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WantedRouter(_Wish):
    """A VPC or VBR to be made."""

    account: str = Field(description="owner's uid")
    region: str = Field(description="its region")
    name: str = Field(default="", description="a name, 2 to 128 characters")
    vbr: bool = Field(default=False, description="a VBR instead of a VPC")


class WantedPair(_Wish):
    """A pair of interfaces to be made and configured."""

    initiator: str = Field(description="vrt-… or vbr-…, or the place of a router in this seed: 0, 1, …")
    acceptor: str = Field(description="the same, of a VPC")
    spec: str = Field(default="Large.2", description="of the initiating end")
    connect: bool = Field(default=True, description="whether to connect them; they come up as always")


class Seed(_Wish):
    """A seed: what to make, in this order."""

    routers: list[WantedRouter] = Field(default=[], max_length=50)
    pairs: list[WantedPair] = Field(default=[], max_length=200)


class SeededPair(BaseModel):
    """A pair of interfaces that was made."""

    initiator: str
    acceptor: str


class Seeded(BaseModel):
    """What a seed made, in the same order."""

    routers: list[str]
    pairs: list[SeededPair]


async def make(cloud: Cloud, wanted: Seed) -> Seeded:
    """Make what a seed asks for. Raises ApiError."""
    routers = [await _router(cloud, one) for one in wanted.routers]
    pairs = [await _pair(cloud, one, routers) for one in wanted.pairs]
    return Seeded(routers=routers, pairs=pairs)


async def _router(cloud: Cloud, wanted: WantedRouter) -> str:
    if wanted.vbr:
        more = {"Name": wanted.name, "PhysicalConnectionId": "pc-seed"}
        return str((await _call("CreateVirtualBorderRouter", cloud, wanted, **more))["VbrId"])
    return str((await _call("CreateVpc", cloud, wanted, VpcName=wanted.name))["VRouterId"])


async def _pair(cloud: Cloud, wanted: WantedPair, made: list[str]) -> SeededPair:
    places = {str(place): name for place, name in enumerate(made)}
    names = [places.get(one, one) for one in (wanted.initiator, wanted.acceptor)]
    first, second = (cloud.routers.find(name) for name in names)
    if first is None or second is None:
        raise ErrorKind.NO_ROUTER.error()
    one = await _interface(cloud, first, second, INITIATING, wanted.spec)
    two = await _interface(cloud, second, first, ACCEPTING, NEGATIVE)
    for own, other, interface, peer in ((second, first, two, one), (first, second, one, two)):
        opposite = {
            "OppositeInterfaceId": peer,
            "OppositeRouterId": other.id,
            "OppositeRouterType": other.type,
            "OppositeInterfaceOwnerId": other.account,
        }
        await _call("ModifyRouterInterfaceAttribute", cloud, own, RouterInterfaceId=interface, **opposite)
    if wanted.connect:
        await _call("ConnectRouterInterface", cloud, first, RouterInterfaceId=one)
    return SeededPair(initiator=one, acceptor=two)


async def _interface(cloud: Cloud, own: Router, other: Router, role: str, spec: str) -> str:
    more = {"AccessPointId": f"ap-{own.region}-1"} if own.is_vbr else {}
    if other.is_vbr:
        more |= {"OppositeAccessPointId": f"ap-{other.region}-1", "OppositeRouterType": "VBR"}
    wanted = {"Role": role, "Spec": spec, "RouterType": own.type, "RouterId": own.id, "OppositeRegionId": other.region}
    return str((await _call("CreateRouterInterface", cloud, own, **wanted, **more))["RouterInterfaceId"])


async def _call(action: str, cloud: Cloud, owner: Router | WantedRouter, **parameters: str) -> Body:
    return await perform(cloud, owner.account, Parameters({"RegionId": owner.region, **parameters}, action))
