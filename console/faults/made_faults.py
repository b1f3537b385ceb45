"""The faults that one situation or scenario has made: these it clears, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from console.faults.faults import Faults
from console.faults.model import Fault

_OPTIONS: Final = {"source": "from", "version": "of-version"}
_NO_SUFFIX: Final = ("_seconds", "_percent")


class FaultMaker(Protocol):
    """Who makes faults: a console of another process, or this one; everything here may raise ClientError."""

    async def add(self, fault: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let a fault stand."""

    async def clear(self, number: int | None, interface: str | None) -> Sequence[int]:
        """Clear faults."""

    async def listed(self, interface: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The faults."""

    async def held(self, interface: str | None) -> Sequence[Mapping[str, Any]]:
        """The messages that are held."""


@dataclass(frozen=True, slots=True)
class OwnFaults:
    """The faults of this very process, asked as those of another one are."""

    faults: Faults

    async def add(self, fault: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let a fault stand."""
        return (await self.faults.add(Fault.model_validate(dict(fault)))).model_dump()

    async def clear(self, number: int | None, interface: str | None) -> Sequence[int]:
        """Clear faults."""
        return await self.faults.clear(number, interface)

    async def listed(self, interface: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The faults."""
        return [one.model_dump() for one in self.faults.listed(interface)]

    async def held(self, interface: str | None) -> Sequence[Mapping[str, Any]]:
        """The messages that are held."""
        return [one.model_dump() for one in self.faults.held(interface)]


class MadeFaults:
    """The faults that were made here, of all that stand; `standing` are those that were not over when they were made.

    Itself a fault maker: a situation in a scenario makes faults of its own, which the scenario's are as well.
    """

    def __init__(self, maker: FaultMaker) -> None:
        """None is made yet."""
        self.maker = maker
        self._made: dict[int, bool] = {}

    @property
    def standing(self) -> list[int]:
        """The numbers of those that have to be cleared."""
        return [number for number, over in self._made.items() if not over]

    async def add(self, fault: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let a fault stand."""
        made = await self.maker.add(fault)
        self._made[made["number"]] = made["over"]
        return made

    async def listed(self, interface: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The faults, those of others among them."""
        return await self.maker.listed(interface)

    async def held(self, interface: str | None) -> Sequence[Mapping[str, Any]]:
        """The messages that are held, by faults of others as well."""
        return await self.maker.held(interface)

    async def clear(self, number: int | None, interface: str | None) -> Sequence[int]:
        """Clear one fault, those of an interface, or all."""
        cleared = await self.maker.clear(number, interface)
        for one in cleared:
            self._made.pop(one, None)
        return cleared

    async def clear_own(self) -> None:
        """Clear every fault that was made here, and no other."""
        there = {one["number"] for one in await self.listed()}
        while self._made:
            number, _ = self._made.popitem()
            if number in there:
                await self.maker.clear(number, None)

    async def struck(self) -> int:
        """How often those that were not cleared have struck."""
        return sum(one["struck"] for one in await self.listed() if one["number"] in self._made)


def fault_line(fault: Fault) -> str:
    """The command that makes a fault."""
    given: dict[str, Any] = fault.model_dump(exclude_unset=True, exclude={"do"})
    words = ["peering fault add", fault.do]
    for name, value in given.items():
        option = _OPTIONS.get(name, name)
        for suffix in _NO_SUFFIX:
            option = option.removesuffix(suffix)
        if value is not None and value is not False:
            words.append(f"--{option.replace('_', '-')}" + ("" if value is True else f" {value}"))
    return " ".join(words)
