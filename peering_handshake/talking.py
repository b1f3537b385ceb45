"""Talks: each thing that can be asked is written once, and carried out by a synchronous or an asynchronous line.

A talk is a generator: it yields calls, is sent their answers, and returns its result. `spoken` makes a method of one:
on a class that has a `Line` it returns the result, on one that has an `AsyncLine` it has to be awaited.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Final, Generic, NamedTuple, ParamSpec, Protocol, Self, TypeVar, overload

import httpx

from peering_handshake.errors import PeeringError, Unanswered, error_of

S_contra = TypeVar("S_contra", contravariant=True)
P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

ANSWER_LIMIT_SECONDS: Final = 120.0
"""How long an answer may take beyond what its call waits for on purpose; tapping many wires takes its time."""


class Access(NamedTuple):
    """Where a simulator answers, and its access token: a secret."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call of `/_peering`. `waits_seconds` is how long the simulator waits for something before it answers."""

    method: str
    path: str
    parameters: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    waits_seconds: float = 0.0

    @property
    def arguments(self) -> dict[str, Any]:
        """What httpx is told: what is None is left out."""
        given: dict[str, Any] = {"method": self.method, "url": f"/_peering{self.path}"}
        given["params"] = {name: value for name, value in (self.parameters or {}).items() if value is not None}
        if self.body is not None:
            given["json"] = {name: value for name, value in self.body.items() if value is not None}
        return {**given, "timeout": ANSWER_LIMIT_SECONDS + self.waits_seconds}


Talk = Generator[Call, Any, T]


class Line:
    """A synchronous line to a simulator."""

    def __init__(self, access: Access) -> None:
        """Nothing is asked yet."""
        self._http = httpx.Client(**_options(access))

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def speak(self, talk: Talk[T]) -> T:
        """Carry out a talk. Raises PeeringError."""
        answer: Any = None
        try:
            while True:
                call = talk.send(answer)
                try:
                    answer = _read(self._http.request(**call.arguments))
                except httpx.HTTPError as error:
                    raise _silent(self._http.base_url, error) from error
        except StopIteration as end:
            result: T = end.value
            return result

    def listen(self, parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yield the events of a stream, for ever: name and data. Raises PeeringError."""
        try:
            with self._http.stream(**_streaming(parameters)) as response:
                if not response.is_success:
                    response.read()
                    _read(response)
                yield from _events(response.iter_lines())
        except httpx.HTTPError as error:
            raise _silent(self._http.base_url, error) from error


class AsyncLine:
    """An asynchronous line to a simulator."""

    def __init__(self, access: Access) -> None:
        """Nothing is asked yet."""
        self._http = httpx.AsyncClient(**_options(access))

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def speak(self, talk: Talk[T]) -> T:
        """Carry out a talk. Raises PeeringError."""
        answer: Any = None
        try:
            while True:
                call = talk.send(answer)
                try:
                    answer = _read(await self._http.request(**call.arguments))
                except httpx.HTTPError as error:
                    raise _silent(self._http.base_url, error) from error
        except StopIteration as end:
            result: T = end.value
            return result

    async def listen(self, parameters: Mapping[str, Any]) -> AsyncIterator[tuple[str, Any]]:
        """Yield the events of a stream, for ever: name and data. Raises PeeringError."""
        try:
            async with self._http.stream(**_streaming(parameters)) as response:
                if not response.is_success:
                    await response.aread()
                    _read(response)
                name = ""
                async for line in response.aiter_lines():
                    name, event = _event(name, line)
                    if event is not None:
                        yield event
        except httpx.HTTPError as error:
            raise _silent(self._http.base_url, error) from error


class Speaks(Protocol):
    """The base of what has a synchronous line."""

    @property
    def line(self) -> Line:
        """The line."""


class SpeaksAsync(Protocol):
    """The base of what has an asynchronous line."""

    @property
    def line(self) -> AsyncLine:
        """The line."""


class Spoken(Generic[S_contra, P, T_co]):
    """A talk as a method, carried out on the line of whoever has it."""

    def __init__(self, talk: Callable[Concatenate[S_contra, P], Talk[T_co]]) -> None:
        """Keep the talk, and its name and docstring."""
        self.talk, self.__doc__, self.__name__ = talk, talk.__doc__, talk.__name__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Speaks, kind: type) -> Callable[P, T_co]: ...
    @overload
    def __get__(self, owner: SpeaksAsync, kind: type) -> Callable[P, Coroutine[Any, Any, T_co]]: ...
    def __get__(self, owner: Any, kind: type) -> Any:
        """Bind it."""
        if owner is None:
            return self

        def speak(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - the result, or what is awaited for it
            return owner.line.speak(self.talk(owner, *args, **kwargs))

        speak.__name__, speak.__doc__ = self.__name__, self.__doc__
        return speak


def spoken(talk: Callable[Concatenate[S_contra, P], Talk[T]]) -> Spoken[S_contra, P, T]:
    """Make a method of a talk."""
    return Spoken(talk)


def _options(access: Access) -> dict[str, Any]:
    tls = access.url.startswith("https:")  # without it nothing is verified, and certificates take 25 ms to load
    headers = {"Authorization": f"Bearer {access.token}"}
    return {"base_url": access.url, "headers": headers, "trust_env": False, "verify": tls}


def _read(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON, or a drawing's text
    """Read an answer, which is empty if there is nothing to say. Raises PeeringError."""
    is_json = response.headers.get("content-type", "").startswith("application/json")
    if response.is_success:
        return response.json() if is_json and response.content else response.text
    raise error_of(response.status_code, response.json() if is_json else None)


def _silent(url: httpx.URL, error: httpx.HTTPError) -> PeeringError:
    return Unanswered("NoSimulator", f"No simulator answers at {url} ({type(error).__name__}).")


def _streaming(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {**Call("GET", "/events", parameters).arguments, "timeout": httpx.Timeout(ANSWER_LIMIT_SECONDS, read=None)}


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        name, event = _event(name, line)
        if event is not None:
            yield event


def _event(name: str, line: str) -> tuple[str, tuple[str, Any] | None]:
    """Read a line of a stream: the name of the event, and the event where the line is its data."""
    if line.startswith("event: "):
        return line.removeprefix("event: "), None
    return name, (name, json.loads(line.removeprefix("data: "))) if line.startswith("data: ") else None
