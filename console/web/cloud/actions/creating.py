"""The action CreateRouterInterface: makes an interface, Idle, and writes down its specification and its opposite."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from console.client import Refused
from console.web.cloud.actions.opposite import check_the_only_pair, peer_of
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind, malformed, missing
from console.web.cloud.parameters import Parameters, address, network
from console.web.cloud.records import ACCEPTING, INITIATING, Router, RouterInterface
from console.web.cloud.routers import now_text
from console.web.cloud.tables import NEGATIVE, SPECS
from shared.protocol.refusals import INTERFACE_DELETED, INTERFACE_EXISTS
from shared.wire import commands

INTERFACES_PER_ROUTER: Final = 5
_UID: Final = re.compile(r"[a-z0-9-]{1,32}")
_MADE_BEFORE: Final = {INTERFACE_EXISTS.code, INTERFACE_DELETED.code}
"""A worker's refusals of what was made before this call was resumed, and changed or deleted since."""
_CYCLE_DAYS: Final = {"Month": (30, 9), "Year": (365, 3)}


async def create_router_interface(call: Call) -> Body:
    """Answer `CreateRouterInterface`: an interface, Idle; with FastLinkMode both ends, which come up by themselves."""
    record = _record(call)
    if call.cloud.owes(call.account):
        raise ErrorKind.BILLS.error()
    if record.fast_link:
        await _with_its_other_end(call, record)
    else:
        await _check_quota(call, call.cloud.routers.need(record.router, record.account, record.region), record.id)
        await make(call, record)
    body: dict[str, str] = {"RouterInterfaceId": record.id}
    if record.charge == "PrePaid":
        body["OrderId"] = record.id.removeprefix("ri-")
    return body


def _record(call: Call) -> RouterInterface:
    """Make the record that the parameters ask for, checked as far as it can be without asking a worker."""
    given, cloud = call.parameters, call.cloud
    region, role = call.region, given.need("Role")
    router_type, name = given.need("RouterType"), given.need("RouterId")
    spec, opposite_region = given.need("Spec"), cloud.check_region(given.need("OppositeRegionId"))
    router = cloud.routers.need(name, call.account, region)
    _check_role(given, role, router_type, spec)
    if router.type != router_type:
        raise ErrorKind.NO_ROUTER.error()
    if router.status == "terminated":
        raise ErrorKind.BORDER_TERMINATED.error()
    charge, ends = _charge(given, region, opposite_region)
    source, target = given.text("HealthCheckSourceIp"), given.text("HealthCheckTargetIp")
    check_probe(router, given.text("OppositeRouterType"), source, target)
    return RouterInterface(
        id=call.new_id("ri"),
        account=call.account,
        region=region,
        name=given.name(),
        description=given.description(),
        created=now_text(),
        group=given.text("ResourceGroupId") or "rg-default",
        tags=given.new_tags(),
        router=router.id,
        role=role,
        endpoint=cloud.routers.endpoint_of(router.id, role),
        spec=spec,
        opposite_region=opposite_region,
        opposite_interface=given.text("OppositeInterfaceId"),
        opposite_router=given.text("OppositeRouterId"),
        opposite_type=given.text("OppositeRouterType"),
        opposite_owner=owner(given),
        access_point=given.text("AccessPointId"),
        opposite_access_point=given.text("OppositeAccessPointId"),
        probe_source=source,
        probe_target=target,
        charge=charge,
        ends=ends,
        fast_link=_fast_link(given, role, router_type),
    )


def _check_role(given: Parameters, role: str, router_type: str, spec: str) -> None:
    """Check role, types and specification: a VBR only initiates, and only the initiating end pays. Raises ApiError."""
    opposite = given.text("OppositeRouterType")
    if role not in {INITIATING, ACCEPTING}:
        raise ErrorKind.BAD_ROLE.error()
    if router_type not in {"VRouter", "VBR"}:
        raise malformed("RouterType")
    if router_type == "VBR" and role != INITIATING:
        raise ErrorKind.BAD_ROLE.error()
    if opposite not in {"", "VRouter", "VBR"} or (opposite == "VBR" and role != ACCEPTING):
        raise ErrorKind.BAD_OPPOSITE_TYPE.error()
    if spec not in SPECS or (spec == NEGATIVE) is not (role == ACCEPTING):
        raise ErrorKind.BAD_SPEC.error()
    if router_type == "VBR":
        given.need("AccessPointId")
    elif given.text("AccessPointId"):
        raise malformed("AccessPointId")
    if opposite == "VBR":
        given.need("OppositeAccessPointId")


def owner(given: Parameters) -> str:
    """Read the opposite owner's uid. Raises ApiError."""
    uid = given.text("OppositeInterfaceOwnerId")
    if uid and not _UID.fullmatch(uid):
        raise ErrorKind.BAD_ACCOUNT.error()
    return uid


def check_probe(router: Router, opposite_type: str, source: str, target: str) -> None:
    """Check a health check: from an address of the VPC to one behind the VBR, both or neither. Raises ApiError."""
    if not source and not target:
        return
    if not source or not target or router.is_vbr or opposite_type != "VBR":
        raise ErrorKind.BAD_PROBE.error()
    inside = network(router.cidr, ErrorKind.BAD_PROBE.error())
    if address(source, ErrorKind.BAD_PROBE.error()) not in inside:
        raise ErrorKind.BAD_PROBE_SOURCE.error()
    address(target, ErrorKind.BAD_PROBE.error())


def _charge(given: Parameters, region: str, opposite_region: str) -> tuple[str, str]:
    """Read how the interface is paid for, and until when. Raises ApiError."""
    charge = given.text("InstanceChargeType") or "PostPaid"
    if charge == "PostPaid":
        return charge, "2999-09-08T16:00:00Z"
    if charge != "PrePaid":
        raise malformed("InstanceChargeType")
    if region == opposite_region:
        raise ErrorKind.NO_PRICE.error()
    cycle, period = given.text("PricingCycle") or "Month", given.number("Period")
    if period is None:
        raise missing("Period")
    days, longest = _CYCLE_DAYS.get(cycle, (0, 0))
    if not 1 <= period <= longest:
        raise ErrorKind.NO_PRICE.error()
    return charge, (datetime.now(UTC) + timedelta(days=days * period)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fast_link(given: Parameters, role: str, router_type: str) -> bool:
    if not given.flag("FastLinkMode"):
        return False
    if router_type != "VBR" or role != INITIATING:
        raise ErrorKind.BAD_ROLE.error()
    for name in ("OppositeRouterType", "OppositeRouterId", "OppositeInterfaceOwnerId"):
        given.need(name)
    if given.text("OppositeRouterType") != "VRouter":
        raise ErrorKind.BAD_OPPOSITE_TYPE.error()
    return True


async def make(call: Call, *records: RouterInterface) -> None:
    """Have the workers create the interfaces, all or none, in this order. Raises ApiError.

    Nobody knows what a worker did that did not answer: then what was recorded stays, for whoever resumes the call.
    """
    cloud = call.cloud
    routers = [cloud.routers.need(record.router, record.account, record.region) for record in records]
    starting = (cloud.routers.worker(router, record.role) for router, record in zip(routers, records, strict=True))
    for record, endpoint in zip(records, await asyncio.gather(*starting), strict=True):
        record.endpoint = endpoint
        if cloud.store.get(RouterInterface, record.id) is None:
            cloud.store.put(record)
    for place, record in enumerate(records):
        try:
            await _create(call, record)
        except Refused as refused:
            for one in records:
                cloud.store.remove(one)
            for one in records[:place]:
                await cloud.interfaces.command(one.endpoint, commands.change("delete", one.id))
            raise ErrorKind.BROKEN_INSIDE.error(f"{ErrorKind.BROKEN_INSIDE.message} {refused}") from refused


async def _create(call: Call, record: RouterInterface) -> None:
    """Create one interface, with its peer if it is known; a peer that the worker refuses is judged at Connect."""
    peer = None if record.opposite_router == record.router else peer_of(call.cloud, record)
    initiate = record.fast_link and record.role == INITIATING
    try:
        await call.cloud.interfaces.command(
            record.endpoint, commands.create(record.id, record.name, peer, initiate=initiate)
        )
    except Refused as refused:
        if refused.code in _MADE_BEFORE:
            return
        if peer is None or record.fast_link:
            raise
        await call.cloud.interfaces.command(record.endpoint, commands.create(record.id, record.name))


async def _check_quota(call: Call, router: Router, interface: str) -> None:
    ends = [
        end
        for end in await call.cloud.interfaces.on(router)
        if interface != end.record.id and not end.record.connection
    ]
    if len(ends) >= INTERFACES_PER_ROUTER:
        raise ErrorKind.FIVE_ALREADY.error()


async def _with_its_other_end(call: Call, record: RouterInterface) -> None:
    """Create both ends and connect them (FastLinkMode); only within one account: nobody speaks for another."""
    cloud = call.cloud
    router = cloud.routers.find(record.opposite_router, record.opposite_owner, record.opposite_region)
    if router is None:
        raise ErrorKind.NO_ROUTER.error()
    if record.opposite_owner != call.account:
        raise ErrorKind.ROUTER_OWNER.error()
    other = RouterInterface(
        id=call.new_id("ri", other=True),
        account=call.account,
        region=router.region,
        created=record.created,
        router=router.id,
        role=ACCEPTING,
        endpoint="",
        spec=NEGATIVE,
        opposite_region=record.region,
        opposite_interface=record.id,
        opposite_router=record.router,
        opposite_type="VBR",
        opposite_owner=call.account,
        opposite_access_point=record.access_point,
        fast_link=True,
    )
    record.opposite_interface = other.id
    for one, end in ((router, other), (cloud.routers.need(record.router, record.account, record.region), record)):
        await _check_quota(call, one, end.id)
    await check_the_only_pair(call, record.router, router.id, record.id)
    await make(call, other, record)
