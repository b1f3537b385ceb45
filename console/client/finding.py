"""Many endpoints asked at the same time: the search for an interface, and answers of which none delays the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Final, TypeVar

from console.client.errors import Unanswered, WorkerSilent
from shared.wire.request import AnswerForm

T = TypeVar("T")

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


async def answers_of(questions: Mapping[str, Awaitable[T]], late_seconds: float) -> dict[str, T | BaseException]:
    """Return each endpoint's answer or error, by its id.

    Once one has answered, the next has `late_seconds` more, and at least as long again as it took until then; whoever
    has not answered by that time is silent.
    """
    asked = {asyncio.ensure_future(question): endpoint for endpoint, question in questions.items()}
    waiting, late, took = set(asked), None, 0.0
    began = asyncio.get_running_loop().time()
    try:
        while waiting:
            ready, waiting = await asyncio.wait(waiting, timeout=late, return_when=asyncio.FIRST_COMPLETED)
            took = asyncio.get_running_loop().time() - began
            if not ready:
                break
            late = max(late_seconds, took)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    silent = "did not answer within {:.1f} s, and the others had."
    return {
        endpoint: WorkerSilent(f"The worker of {endpoint} {silent.format(took)}")
        if task in waiting
        else task.exception() or task.result()
        for task, endpoint in asked.items()
    }
