"""The faults that one run has made: these it clears, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from console.faults.model import Fault
from console.faults.remote import RemoteFaults

_OPTIONS: Final = {"source": "from", "version": "of-version"}
_NO_SUFFIX: Final = ("_seconds", "_percent")


class MadeFaults:
    """The faults of a run, made at the console that runs."""

    def __init__(self, console: RemoteFaults) -> None:
        """None is made yet."""
        self._console = console
        self._made: list[int] = []

    async def add(self, fault: Mapping[str, Any]) -> dict[str, Any]:
        """Let a fault stand. Raises ClientError."""
        made = await self._console.add(fault)
        self._made.append(made["number"])
        return made

    async def listed(self, interface: str | None = None) -> list[dict[str, Any]]:
        """The faults, those of others among them."""
        return await self._console.listed(interface)

    async def clear(self, number: int | None, interface: str | None) -> list[int]:
        """Clear one fault, those of an interface, or all."""
        cleared = await self._console.clear(number, interface)
        self._made = [one for one in self._made if one not in cleared]
        return cleared

    async def clear_own(self) -> None:
        """Clear every fault that this run made, and no other."""
        standing = {one["number"] for one in await self.listed()}
        while self._made:
            number = self._made.pop()
            if number in standing:
                await self._console.clear(number, None)

    async def struck(self) -> int:
        """How often the faults of this run that were not cleared have struck."""
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
