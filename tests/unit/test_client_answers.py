"""Tests of the answers of many endpoints, one of which never answers."""

import asyncio

from console.client.errors import Refused, WorkerSilent
from console.client.finding import answers_of


async def at_once(answer: str) -> str:
    return answer


async def refused() -> str:
    raise Refused("NotOwner", "No.")


async def never() -> str:
    await asyncio.Event().wait()
    return ""


async def test_an_endpoint_that_never_answers_is_silent_and_the_others_answers_are_there() -> None:
    answers = await answers_of({"vpc-a": at_once("a"), "vpc-b": never(), "vpc-c": refused()}, 0.05)
    assert answers["vpc-a"] == "a"
    assert isinstance(answers["vpc-c"], Refused)
    silent = answers["vpc-b"]
    assert isinstance(silent, WorkerSilent)
    assert "and the others had" in silent.sentence


async def test_whoever_is_asked_alone_has_its_own_time() -> None:
    loop = asyncio.get_running_loop()
    late: asyncio.Future[str] = loop.create_future()
    loop.call_later(0.2, late.set_result, "late")
    assert await answers_of({"vpc-a": late}, 0.01) == {"vpc-a": "late"}
    assert await answers_of({}, 0.01) == {}
