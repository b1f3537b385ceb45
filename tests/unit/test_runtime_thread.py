"""Tests of the store's thread: calls happen there, in order, and never on the event loop's."""

from __future__ import annotations

import asyncio
import threading

import pytest

from shared.runtime.thread import OneThread
from tests.waiting import wait_for


async def test_calls_are_made_in_order_on_one_thread_that_is_not_the_callers() -> None:
    thread, made = OneThread("store"), list[tuple[int, int]]()

    def note(number: int) -> int:
        made.append((number, threading.get_ident()))
        return -number

    answers = await asyncio.gather(*(thread.call(note, number) for number in range(100)))
    thread.close()
    assert answers == [-number for number in range(100)]
    assert [number for number, _ in made] == list(range(100))
    assert len({place for _, place in made}) == 1
    assert made[0][1] != threading.get_ident()


async def test_what_a_call_raises_is_raised_to_its_caller_alone() -> None:
    thread = OneThread("store")
    with pytest.raises(ZeroDivisionError):
        await thread.call(lambda: 1 // 0)
    assert await thread.call(lambda: "goes on") == "goes on"
    thread.close()


async def test_a_caller_that_is_cancelled_stops_neither_its_call_nor_the_thread() -> None:
    thread, go, done = OneThread("store"), threading.Event(), list[str]()

    def slowly() -> None:
        assert go.wait(60)
        done.append("the cancelled one")

    caller = asyncio.create_task(thread.call(slowly))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go.set()
    await thread.call(done.append, "the next one")
    thread.close()
    assert done == ["the cancelled one", "the next one"]


async def test_ending_waits_for_what_was_asked_for_and_leaves_no_thread_behind() -> None:
    before, thread, done = threading.active_count(), OneThread("store"), list[int]()
    asked = [asyncio.create_task(thread.call(done.append, number)) for number in range(10)]
    await asyncio.sleep(0)
    thread.close()
    assert done == list(range(10))
    assert threading.active_count() == before
    await wait_for(lambda: all(one.done() for one in asked), 60)


def test_one_that_was_never_called_has_nothing_to_end() -> None:
    before = threading.active_count()
    thread = OneThread("store")
    assert threading.active_count() == before
    thread.close()


def test_a_caller_whose_loop_is_closed_does_not_end_the_thread() -> None:
    thread, go = OneThread("store"), threading.Event()

    async def leave() -> None:
        asking = asyncio.create_task(thread.call(go.wait, 10))
        await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(leave())
    go.set()
    assert asyncio.run(thread.call(lambda: "goes on")) == "goes on"
    thread.close()
