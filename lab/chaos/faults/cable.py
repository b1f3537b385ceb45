"""A connection that is cut says so; one that is stalled, or torn inside of a frame, lets everybody believe in it."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from lab.chaos.cast import Actor
from lab.chaos.faults.fault import Fault, until
from lab.chaos.proxy import FaultProxy, Way
from lab.chaos.site import Site

_TEAR_LIMIT_SECONDS: Final = 4.0
_TEAR_WITHIN_BYTES: Final = 12_000
_SLOW_SECONDS: Final = 0.15


async def _cut(site: Site, actor: Actor, _: Random) -> str | None:
    await until(lambda: site.proxies[actor.id].connections)
    cut = site.proxies[actor.id].reset()
    return f"{cut} connections reset" if cut else None


async def _torn(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    proxy.tear(chance.randrange(_TEAR_WITHIN_BYTES))
    try:
        async with asyncio.timeout(_TEAR_LIMIT_SECONDS):
            await proxy.torn.wait()
    except TimeoutError:
        return None
    finally:
        proxy.heal()
    return "broken inside of what was being sent"


async def _stalled_there(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    return await _stalled(proxy, (proxy.there,), chance)


async def _stalled_back(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    return await _stalled(proxy, (proxy.back,), chance)


async def _stalled_both(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    return await _stalled(proxy, (proxy.there, proxy.back), chance)


async def _stalled(proxy: FaultProxy, ways: tuple[Way, ...], chance: Random) -> str | None:
    await until(lambda: proxy.connections)
    if not proxy.connections:
        return None
    seconds = chance.uniform(0.5, 4) if chance.random() < 0.9 else chance.uniform(12, 20)  # noqa: PLR2004
    try:
        for way in ways:
            way.open.clear()
        await asyncio.sleep(seconds)
    finally:
        proxy.heal()
    return f"nothing passed for {seconds:.1f} s"


async def _slowed(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    await until(lambda: proxy.connections)
    if not proxy.connections:
        return None
    proxy.delay_seconds = _SLOW_SECONDS * 2 * chance.random()
    try:
        await asyncio.sleep(chance.uniform(1, 3))
    finally:
        proxy.heal()
    return "everything was late"


async def _refused(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    before, proxy.refusing = proxy.refused, True
    try:
        cut = proxy.reset()
        await asyncio.sleep(chance.uniform(0.5, 3))
    finally:
        proxy.heal()
    refused = proxy.refused - before
    return f"{cut} connections reset, {refused} attempts refused" if cut or refused else None


CABLE_FAULTS: Final[tuple[Fault[Actor], ...]] = (
    Fault("connection cut", 4, _cut),
    Fault("connection torn in a frame", 4, _torn),
    Fault("stalled towards the broker", 1, _stalled_there),
    Fault("stalled towards the worker", 1, _stalled_back),
    Fault("stalled both ways", 1, _stalled_both),
    Fault("connection slow", 1, _slowed),
    Fault("connections refused", 1, _refused),
)
