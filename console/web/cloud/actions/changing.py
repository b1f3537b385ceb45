"""The actions that modify an interface: its names, its other end, its health check, its specification.

Names may change at rest; the other end only while Idle, before anybody was called.
"""

from __future__ import annotations

from typing import Final

from console.web.cloud.actions.creating import check_probe, owner
from console.web.cloud.actions.opposite import tell_worker
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.interfaces import Interface
from console.web.cloud.parameters import Parameters
from console.web.cloud.records import INITIATING, RouterInterface
from console.web.cloud.tables import NEGATIVE, SETTLED, SPECS

THRESHOLDS: Final = range(3, 11)
RATES_MILLISECONDS: Final = range(2000, 100_001)
_BUSY: Final = frozenset({"Activating", "Deactivating", "Modifying", "Deleting"})


async def modify_router_interface_attribute(call: Call) -> Body:
    """Answer `ModifyRouterInterfaceAttribute`."""
    given = call.parameters
    end = await call.interface(ErrorKind.NO_INTERFACE_TO_MODIFY)
    _check_status(end)
    record = end.record
    changes = {**_labels(given), **_opposite(given, end), **_probe(call, record)}
    changed = record.model_copy(update=changes)
    call.cloud.store.put(changed)
    if end.status == "Idle":
        await tell_worker(call.cloud, changed)
    return {}


def _check_status(end: Interface) -> None:
    if end.record.business == "FinancialLocked":
        raise ErrorKind.LOCKED.error()
    if end.status in _BUSY:
        raise ErrorKind.IN_PROCESS.error()
    if end.status not in SETTLED:
        raise ErrorKind.STATUS_TO_MODIFY.error()


def _labels(given: Parameters) -> dict[str, object]:
    changes: dict[str, object] = {}
    if given.has("Name"):
        changes["name"] = given.name()
    if given.has("Description"):
        changes["description"] = given.description()
    return changes


def _opposite(given: Parameters, end: Interface) -> dict[str, object]:
    """Find what changes of the peer information: only while Idle; what is said again is no change."""
    record = end.record
    wanted = {
        "opposite_interface": given.text("OppositeInterfaceId") or record.opposite_interface,
        "opposite_router": given.text("OppositeRouterId") or record.opposite_router,
        "opposite_type": given.text("OppositeRouterType") or record.opposite_type,
        "opposite_owner": owner(given) or record.opposite_owner,
    }
    if not wanted["opposite_type"] and wanted["opposite_router"]:
        wanted["opposite_type"] = "VRouter" if wanted["opposite_router"].startswith("vrt-") else "VBR"
    changes: dict[str, object] = {name: value for name, value in wanted.items() if value != getattr(record, name)}
    if not changes:
        return {}
    _check_opposite(record, wanted)
    if end.status != "Idle":
        raise ErrorKind.STATUS_TO_MODIFY.error()
    return changes


def _check_opposite(record: RouterInterface, wanted: dict[str, str]) -> None:
    kind = wanted["opposite_type"]
    if kind not in {"", "VRouter", "VBR"}:
        raise ErrorKind.BAD_OPPOSITE_TYPE.error()
    if kind == "VBR" and record.role == INITIATING:
        raise ErrorKind.BAD_LINK_ROLE.error()
    if record.fast_link and record.opposite_type == "VBR":
        raise ErrorKind.OPPOSITE_IS_VBR.error()
    right = {"VRouter": "vrt-", "VBR": "vbr-"}.get(kind, "")
    if wanted["opposite_router"] and not wanted["opposite_router"].startswith(right):
        raise ErrorKind.BAD_MODIFY.error()
    if wanted["opposite_interface"] and not wanted["opposite_interface"].startswith("ri-"):
        raise ErrorKind.BAD_MODIFY.error()


def _probe(call: Call, record: RouterInterface) -> dict[str, object]:
    """Find what changes of the health check."""
    given = call.parameters
    source, target = given.text("HealthCheckSourceIp"), given.text("HealthCheckTargetIp")
    changes: dict[str, object] = {}
    if given.flag("DeleteHealthCheckIp"):
        if source or target:
            raise ErrorKind.PROBE_CONFLICT.error()
        changes = {"probe_source": "", "probe_target": ""}
    if source or target:
        source, target = source or record.probe_source, target or record.probe_target
        router = call.cloud.routers.need(record.router, record.account, record.region)
        check_probe(router, given.text("OppositeRouterType") or record.opposite_type, source, target)
        changes |= {"probe_source": source, "probe_target": target}
    for name, field, allowed, kind in (
        ("HcThreshold", "probe_threshold", THRESHOLDS, ErrorKind.BAD_THRESHOLD),
        ("HcRate", "probe_rate_milliseconds", RATES_MILLISECONDS, ErrorKind.BAD_RATE),
    ):
        number = given.number(name)
        if number is not None and number not in allowed:
            raise kind.error()
        if number is not None:
            changes[field] = number
    return changes


async def modify_router_interface_spec(call: Call) -> Body:
    """Answer `ModifyRouterInterfaceSpec`: at once; no worker needs to know what is paid."""
    spec = call.parameters.need("Spec")
    end = await call.interface(ErrorKind.NO_INTERFACE)
    if spec not in SPECS or (spec == NEGATIVE) is (end.record.role == INITIATING):
        raise ErrorKind.BAD_SPEC.error()
    if end.record.business == "FinancialLocked":
        raise ErrorKind.LOCKED.error()
    if end.status not in SETTLED:
        raise ErrorKind.STATUS_TO_RESIZE.error()
    if end.peer_deleted:
        raise ErrorKind.NO_OPPOSITE.error()
    call.cloud.store.put(end.record.model_copy(update={"spec": spec}))
    return {"Spec": spec}
