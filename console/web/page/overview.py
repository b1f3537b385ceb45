"""The overview of all workers that every open page shows a part of: asked once for all pages, with rests in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from console.topology import KnownEndpoint
from console.web.page.breaker import Breaker
from console.web.page.views import EndpointOnPage
from console.web.site import Silent, Site
from shared.wire.views import WorkerView

LOOK_SECONDS: Final = 1.0
SHARE: Final = 20
"""A look that took long is followed by a rest of so many times that, because workers count all their interfaces for it;
not one that somebody kept waiting, who was not working then."""
STREAMS_LIMIT: Final = 32
"""How many pages may be open at the same time."""


@dataclass(slots=True)
class Overview:
    """The state that all open pages of this server share."""

    site: Site
    breaker: Breaker
    streams: int = 0
    _seen: Sequence[EndpointOnPage] | None = None
    _fresh_until: float = 0.0
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self) -> Sequence[EndpointOnPage]:
        """Ask every worker how it does, or take what is not older than a second or so."""
        async with self._looking:
            if self._seen is None or time.monotonic() >= self._fresh_until:
                began = time.monotonic()
                answers = {one.endpoint: one for one in await self.site.heard()}
                took = time.monotonic() - began
                waited = any(isinstance(one, Silent) for one in answers.values())
                self._fresh_until = began + took + (LOOK_SECONDS if waited else max(LOOK_SECONDS, SHARE * took))
                context = self.site.context
                self._seen = [self._shown(one, answers.get(one.id)) for one in context.at_hand]
            return self._seen

    def unasked(self) -> Sequence[EndpointOnPage]:
        """Tell what is known of all endpoints without asking anybody."""
        return [self._shown(one, None) for one in self.site.context.at_hand]

    def forget(self) -> None:
        """Look anew the next time: somebody just changed something."""
        self._fresh_until = 0.0

    def _shown(self, known: KnownEndpoint, answer: WorkerView | Silent | None) -> EndpointOnPage:
        there = answer if isinstance(answer, WorkerView) else None
        pid = self.breaker.pid(known.id)
        owner = self.site.context.account(known.account)
        return EndpointOnPage(
            endpoint=known.id,
            account=known.account if owner is None or owner.name is None else owner.name,
            region=known.region or (there.region if there else ""),
            role=known.role or (there.role if there else ""),
            answers=None if answer is None else there is not None,
            error=answer.sentence if isinstance(answer, Silent) else "",
            pid=there.pid if there else pid,
            statuses=there.statuses if there else {},
            rejected=sum(there.rejections.values()) if there else 0,
            killable=pid is not None,
            cut=self.breaker.cut_from(known.id),
            cuttable=self.breaker.cuts,
        )
