"""The faults that the page's buttons inject: a killed worker, a wire that is cut; the same as any other fault's."""

from __future__ import annotations

from dataclasses import dataclass

from console.client import Refused
from console.faults.model import Fault, StandingFault
from console.faults.workers import pid_of
from console.web.site import Site


@dataclass(frozen=True, slots=True)
class Breaker:
    """The faults that stand, and what can be broken from here."""

    site: Site

    def pid(self, endpoint: str) -> int | None:
        """Find the process of an endpoint's worker; None if it is not ours, or not running."""
        return pid_of(self.site.stack, endpoint)

    @property
    def cuts(self) -> bool:
        """Whether wires can be cut from here."""
        return self.site.faults.possible

    def cut_from(self, source: str) -> list[str]:
        """List the endpoints to which nothing passes at present."""
        return sorted({one.fault.to or "" for one in self._cuts(source)})

    async def kill(self, endpoint: str) -> str:
        """Kill an endpoint's worker. Raises Refused."""
        pid = self.pid(endpoint)
        await self.site.faults.add(Fault(do="kill", worker=endpoint))
        return f"Process {pid} was killed (SIGKILL); the supervisor starts it again."

    async def cut(self, source: str, target: str) -> str:
        """Let nothing pass from one endpoint to another. Raises Refused or Unanswered."""
        here = {one.id for one in self.site.context.at_hand}
        if not self.cuts or source == target or not {source, target} <= here:
            raise Refused("NoSuchWire", f"The wire from {source} to {target} is not this program's to cut.")
        await self.site.faults.add(Fault.model_validate({"do": "cut", "from": source, "to": target}))
        return f"What {source} says to {target} goes nowhere now."

    async def mend(self, source: str, target: str) -> str:
        """Let it pass again. Raises Refused or Unanswered."""
        for one in self._cuts(source):
            if one.fault.to == target:
                await self.site.faults.clear(one.number)
        return f"What {source} says to {target} passes again."

    def _cuts(self, source: str) -> list[StandingFault]:
        return [one for one in self.site.faults.listed() if one.fault.do == "cut" and one.fault.source == source]
