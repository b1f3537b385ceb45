"""The actions on tags and resource groups, which mean nothing to a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from console.web.cloud.actions.listing import by_token, carries
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind, missing
from console.web.cloud.parameters import TAGS_LIMIT
from console.web.cloud.records import Router, RouterInterface

PAGE: Final = {"usual": 50, "limit": 50}
EXPRESS_CONNECT_PAGE: Final = {"usual": 20, "limit": 100}
RESOURCES_LIMIT: Final = 50
EXPRESS_CONNECT_RESOURCES_LIMIT: Final = 20
_PEERING: Final = "PEERCONNECTION"

_KINDS: Final[Mapping[str, type[Router | RouterInterface]]] = {
    "ROUTERINTERFACE": RouterInterface,
    "PEERCONNECTION": RouterInterface,
    "VIRTUALBORDERROUTER": Router,
    "VPC": Router,
}


async def tag_resources(call: Call) -> Body:
    """Answer `TagResources`: all of the named resources or none."""
    tags = call.parameters.new_tags()
    if not tags:
        raise missing("Tag")
    records = [await _record(call, name) for name in _named(call)]
    if any(len({*record.tags, *tags}) > TAGS_LIMIT for record in records):
        raise ErrorKind.TAGS_FULL.error()
    for record in records:
        latest = call.cloud.store.get(type(record), record.id) or record
        call.cloud.store.put(latest.model_copy(update={"tags": latest.tags | tags}))
    return {}


async def untag_resources(call: Call) -> Body:
    """Answer `UntagResources`: the keys that are named, or all."""
    keys, everything = set(call.parameters.listed("TagKey")), call.parameters.flag("All")
    if not keys and not everything:
        raise missing("TagKey")
    if len(keys) > TAGS_LIMIT:
        raise ErrorKind.TOO_MANY_TAGS.error()
    for record in [await _record(call, name) for name in _named(call)]:
        record.tags = {} if everything and not keys else {k: v for k, v in record.tags.items() if k not in keys}
        call.cloud.store.put(record)
    return {}


async def list_tag_resources(call: Call) -> Body:
    """Answer `ListTagResources`, in pages by token: of the resources that are named and have all the tags.

    The cloud demands one of both; clients that ask for everything get everything here.
    """
    wanted, names, kind = call.parameters.tags(), set(_ids(call)), _type(call)
    records: Sequence[Router | RouterInterface]
    if kind == _PEERING:
        records = call.cloud.store.every(RouterInterface, call.account)
    elif _KINDS[kind] is RouterInterface:
        records = [end.record for end in await call.cloud.interfaces.every(call.account, call.region)]
    else:
        records = call.cloud.store.every(Router, call.account, call.region)
    shown = [
        {"ResourceId": _name(kind, record), "ResourceType": kind, "TagKey": key, "TagValue": value}
        for record in records
        if _is(kind, record) and (not names or _name(kind, record) in names) and carries(record.tags, wanted)
        for key, value in sorted(record.tags.items())
        if not wanted or key in wanted
    ]
    size = EXPRESS_CONNECT_PAGE if _of_express_connect(call) else PAGE
    following, some = by_token(call, shown, "MaxResults", **size)
    return {"NextToken": following, "TagResources": some if kind == _PEERING else {"TagResource": some}}


async def change_resource_group(call: Call) -> Body:
    """Answer `ChangeResourceGroup`, which some clients call MoveResourceGroup."""
    given = call.parameters
    group = given.need("NewResourceGroupId")
    record = await _record(call, given.need("ResourceId"))
    call.cloud.store.put(record.model_copy(update={"group": group}))
    return {}


def _type(call: Call) -> str:
    kind = call.parameters.need("ResourceType").upper()
    if kind not in _KINDS:
        raise ErrorKind.BAD_RESOURCE_TYPE.error()
    return kind


def _of_express_connect(call: Call) -> bool:
    return call.parameters.action.endswith("ForExpressConnect")


def _ids(call: Call) -> list[str]:
    """Read the resources' ids, so many as may be named. Raises ApiError."""
    names = list(dict.fromkeys(call.parameters.listed("ResourceId")))
    limit = EXPRESS_CONNECT_RESOURCES_LIMIT if _of_express_connect(call) else RESOURCES_LIMIT
    if len(names) > limit:
        raise ErrorKind.TOO_MANY_RESOURCES.error(ErrorKind.TOO_MANY_RESOURCES.message.format(limit))
    return names


def _named(call: Call) -> list[str]:
    names = _ids(call)
    if not names:
        raise missing("ResourceId")
    return names


async def _record(call: Call, name: str) -> Router | RouterInterface:
    """Find the record of a resource. Raises ApiError."""
    kind = _type(call)
    if kind == _PEERING:
        peering = await call.cloud.peerings.find(call.account, name)
        own = None if peering is None or not peering.is_there else call.cloud.peerings.own_record(peering)
        if own is not None:
            return own
    elif _KINDS[kind] is RouterInterface:
        end = await call.cloud.interfaces.find(call.account, call.region, name)
        if end is not None:
            return end.record
    else:
        router = call.cloud.routers.find(name.replace("vpc-", "vrt-", 1), call.account, call.region)
        if router is not None and _is(kind, router):
            return router
    raise ErrorKind.NO_RESOURCE.error()


def _is(kind: str, record: Router | RouterInterface) -> bool:
    if isinstance(record, RouterInterface):
        return bool(record.connection) is (kind == _PEERING)
    return record.is_vbr is (kind == "VIRTUALBORDERROUTER")


def _name(kind: str, record: Router | RouterInterface) -> str:
    if isinstance(record, RouterInterface):
        return record.connection or record.id
    return record.vpc if kind == "VPC" else record.id
