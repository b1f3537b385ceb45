"""The search for an interface: all endpoints are asked at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Final

from console.client.errors import Unanswered
from shared.wire.request import AnswerForm

OTHERS_GRACE_SECONDS: Final = 0.3
"""How long the others may still answer when an interface was found at one endpoint."""


async def endpoints_with(
    questions: Mapping[str, Awaitable[list[AnswerForm]]],
) -> tuple[list[str], list[Unanswered]]:
    """Return the endpoints that have it, and what kept others from answering.

    A worker that is away does not delay the answer of one that is there.
    """
    asked = {asyncio.ensure_future(question): endpoint for endpoint, question in questions.items()}
    waiting = set(asked)
    found: list[str] = []
    errors: list[Unanswered] = []
    try:
        while waiting:
            grace = OTHERS_GRACE_SECONDS if found else None
            ready, waiting = await asyncio.wait(waiting, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
            if not ready:
                break
            for task in ready:
                try:
                    answer = task.result()[0]
                except Unanswered as error:
                    errors.append(error)
                else:
                    found += [asked[task]] if answer["outcome"] == "done" else []
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    return sorted(found), errors
