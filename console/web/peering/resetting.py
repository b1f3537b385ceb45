"""The reset: every interface, route and tag is deleted, and all that was created through the API."""

from __future__ import annotations

import asyncio

from console.client import Refused
from console.web.cloud.cloud import Cloud
from console.web.cloud.records import ANSWERED, RouteEntry, Router, RouterInterface
from shared.protocol.refusals import INCORRECT_STATUS
from shared.wire import commands


async def reset(cloud: Cloud) -> dict[str, int]:
    """Delete what was made since the beginning; says how much of each sort. Raises ApiError if a worker is silent."""
    cloud.rules.remove()
    counts = {"routes": 0, "interfaces": 0, "routers": 0}
    for route in cloud.store.every(RouteEntry):
        cloud.store.remove(route)
        counts["routes"] += 1
    routers = cloud.store.every(Router)
    deleted = await asyncio.gather(*(_empty(cloud, router) for router in routers))
    counts["interfaces"] = sum(deleted)
    for router in routers:
        if set(router.workers.values()) <= set(router.started):
            await cloud.routers.remove(router)
            counts["routers"] += 1
        elif router.tags:
            cloud.store.put(router.model_copy(update={"tags": {}}))
    for record in cloud.store.every(RouterInterface):
        cloud.store.remove(record)
    cloud.store.forget(ANSWERED)
    return counts


async def _empty(cloud: Cloud, router: Router) -> int:
    """Delete every interface on a router; one that its owner deleted meanwhile is gone as well."""
    ends = await cloud.interfaces.on(router)
    for end in ends:
        try:
            await cloud.interfaces.command(end.record.endpoint, commands.change("delete", end.record.id))
        except Refused as refused:
            if refused.code != INCORRECT_STATUS.code:
                raise
    return len(ends)
