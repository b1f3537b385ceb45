"""The faults that the page's buttons inject: a killed worker, a wire that is cut; only under `peering up`.

Killing is SIGKILL to a process of our own supervisor. A wire is cut in the broker, where one account's exchange is
bound to the queue that another one's worker reads: what is said goes nowhere, as on a cut cable. On a broker that is
not ours it stays cut when this program ends, until the next one provisions it.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from console.client import Refused
from console.stack.supervised import State
from console.topology import KnownEndpoint
from console.web.site import Site
from shared.broker.control import bind, unbind
from shared.broker.names import EndpointQueue, endpoint_queue


@dataclass(slots=True)
class Breaker:
    """The faults that stand, and what can be broken from here."""

    site: Site
    cuts: set[tuple[str, str]] = field(default_factory=set)

    def pid(self, endpoint: str) -> int | None:
        """Find the process of an endpoint's worker; None if it is not ours, or not running."""
        stack = self.site.stack
        if stack is None:
            return None
        found = (one for one in stack.supervisor.reports if one.name == endpoint)
        return next((one.pid for one in found if one.state is State.RUNNING), None)

    def cuttable(self, source: KnownEndpoint) -> list[str]:
        """List the endpoints to which the wire can be cut: another account's, on a broker that we administer.

        An account's own queues also carry what its owner asks of its workers, so those stay whole.
        """
        stack = self.site.stack
        if stack is None or not stack.broker.administrator or not stack.broker.enforced:
            return []
        return [one.id for one in self.site.context.at_hand if one.account != source.account]

    def cut_from(self, source: str) -> list[str]:
        """List the endpoints to which nothing passes at present."""
        return sorted(target for one, target in self.cuts if one == source)

    def kill(self, endpoint: str) -> str:
        """Kill an endpoint's worker. Raises Refused."""
        stack, pid = self.site.stack, self.pid(endpoint)
        if stack is None or pid is None:
            raise Refused("NotSupervised", f"The worker of {endpoint} does not run, or is not this program's to kill.")
        stack.supervisor.send(endpoint, signal.SIGKILL)
        return f"Process {pid} was killed (SIGKILL); the supervisor starts it again."

    async def cut(self, source: str, target: str) -> str:
        """Let nothing pass from one endpoint's account to another's endpoint. Raises Refused or ControlPlaneError."""
        await unbind(*self._wire(source, target))
        self.cuts.add((source, target))
        return f"What {source} says to {target} goes nowhere now."

    async def mend(self, source: str, target: str) -> str:
        """Let it pass again. Raises Refused or ControlPlaneError."""
        await bind(*self._wire(source, target))
        self.cuts.discard((source, target))
        return f"What {source} says to {target} passes again."

    def _wire(self, source: str, target: str) -> tuple[str, EndpointQueue]:
        stack, context = self.site.stack, self.site.context
        one, other = context.endpoint(source), context.endpoint(target)
        if stack is None or one is None or other is None or target not in self.cuttable(one):
            raise Refused("NoSuchWire", f"The wire from {source} to {target} is not this program's to cut.")
        return stack.broker.administrator, endpoint_queue(other.account, other.id, one.account)
