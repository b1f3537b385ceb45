"""The one way in which tests wait: look until it is so, and fail with what was seen last.

This is the one file of the tests that may sleep (`tests/tidy/test_patience.py` holds the others to it).
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast, overload

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.1


class NeverHappenedError(AssertionError):
    """What was waited for was not so within its limit; the message shows the last value seen."""


@dataclass
class _Wait(Generic[T]):
    """The look-again loop without its sleep, which differs between the two ways of waiting."""

    name: str
    limit_seconds: float
    until: Callable[[T], object]
    last_seen: str = "nothing: it never returned"
    started: float = field(default_factory=time.monotonic)

    def is_over(self, value: T) -> bool:
        self.last_seen = repr(value)
        return bool(self.until(value))

    @property
    def left_seconds(self) -> float:
        return self.started + self.limit_seconds - time.monotonic()

    def pauses(self) -> Iterator[float]:
        """How long to sleep before each look: not at all, then growing, and last until the limit itself."""
        yield 0
        pause = FIRST_PAUSE_SECONDS
        while (left := self.left_seconds) > 0:
            yield min(pause, left)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def failure(self) -> NeverHappenedError:
        waited = time.monotonic() - self.started
        return NeverHappenedError(
            f"waited {waited:.1f} s (limit {self.limit_seconds:g} s) for: {self.name}\nlast seen: {self.last_seen}"
        )


def _name_of(condition: object) -> str:
    """What the reader of a failure recognises: a lambda's line, a function's name."""
    name = getattr(condition, "__qualname__", None) or repr(condition)
    if "<lambda>" not in name:
        return str(name)
    code = getattr(condition, "__code__", None)
    try:
        return inspect.getsource(code).strip() if inspect.iscode(code) else str(name)
    except OSError:
        return str(name)


@overload
async def wait_for(
    condition: Callable[[], Coroutine[object, object, T]],
    limit_seconds: float,
    *,
    until: Callable[[T], object] = bool,
    what: str = "",
    forgive: tuple[type[Exception], ...] = (),
) -> T: ...
@overload
async def wait_for(
    condition: Callable[[], T],
    limit_seconds: float,
    *,
    until: Callable[[T], object] = bool,
    what: str = "",
    forgive: tuple[type[Exception], ...] = (),
) -> T: ...
async def wait_for(
    condition: Callable[[], object],
    limit_seconds: float,
    *,
    until: Callable[[T], object] = bool,
    what: str = "",
    forgive: tuple[type[Exception], ...] = (),
) -> T:
    """Look until `until` accepts what `condition` returns, and return that value.

    `condition` is a plain function, or one that returns a coroutine. `until` is truth unless given. The
    exceptions of `forgive` count as "not yet" and are shown as last seen; any other ends the wait at once.
    Raises `NeverHappenedError` after `limit_seconds`; a coroutine that hangs is cancelled then.
    """
    wait = _Wait(what or _name_of(condition), limit_seconds, until)
    for pause in wait.pauses():
        await asyncio.sleep(pause)
        limit = asyncio.timeout(max(wait.left_seconds, LONGEST_PAUSE_SECONDS))
        try:
            async with limit:
                seen = condition()
                value = cast("T", await seen if inspect.isawaitable(seen) else seen)
        except forgive as error:
            wait.last_seen = repr(error)
        except TimeoutError:
            if not limit.expired():
                raise
        else:
            if wait.is_over(value):
                return value
    raise wait.failure()


def wait_for_blocking(
    condition: Callable[[], T],
    limit_seconds: float,
    *,
    until: Callable[[T], object] = bool,
    what: str = "",
    forgive: tuple[type[Exception], ...] = (),
) -> T:
    """`wait_for` for tests that have no event loop, with the same arguments, value and error."""
    wait = _Wait(what or _name_of(condition), limit_seconds, until)
    for pause in wait.pauses():
        time.sleep(pause)
        try:
            value = condition()
        except forgive as error:
            wait.last_seen = repr(error)
        else:
            if wait.is_over(value):
                return value
    raise wait.failure()
