"""Testcontainers class: the image that holds everything, for the tests of projects that use Testcontainers.

    with PeeringContainer() as peering, peering.simulator() as sim:
        a, b = sim.pair("alice", "bob", connected=True)

The image is built from a clone: `docker build -t peering-handshake .` (docs/your-tests.md).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, Final

import httpx
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import WaitStrategy
from testcontainers.core.waiting_utils import WaitStrategyTarget

from peering_handshake.errors import NotStarted
from peering_handshake.models import AccessKey
from peering_handshake.simulator import ACCOUNTS, AsyncSimulator, Simulator

IMAGE: Final = "peering-handshake"
PORT: Final = 8080
START_LIMIT_SECONDS: Final = 180
_ASK_LIMIT_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.2
_LOG_TAIL_CHARACTERS: Final = 2000


class PeeringContainer(DockerContainer):
    """A container of the image, with accounts alice and bob, a read-only root file system and no privileges."""

    def __init__(
        self,
        image: str | None = None,
        *,
        scenarios: str | PathLike[str] | None = None,
        **kwargs: Any,  # noqa: ANN401 - DockerContainer's
    ) -> None:
        """Nothing is started before `start` or `with`, which return once every worker answers.

        Args:
            image: name or id of the image; if not given what PEERING_IMAGE names, else `peering-handshake`.
            scenarios: a folder whose scenarios (*.yaml) are played, by name, before it is ready; user 10001 reads it.
            kwargs: what DockerContainer takes besides.

        Raises (`start`, `with`):
            NotStarted: it ended, and its last words are in the sentence.
            TimeoutError: it was not ready in time (`waiting_for` takes another strategy).
        """
        rights = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
        super().__init__(image or os.environ.get("PEERING_IMAGE") or IMAGE, **{**rights, **kwargs})
        self.token = secrets.token_urlsafe(32)
        """The access token, a secret of this container's own."""
        self.with_exposed_ports(PORT)
        self.with_env("PEERING_TOKEN", self.token)
        self.waiting_for(_Ready(self).with_startup_timeout(START_LIMIT_SECONDS))
        if scenarios is not None:
            self.with_volume_mapping(str(scenarios), "/etc/peering/scenarios")

    @property
    def url(self) -> str:
        """Where it answers, for the cloud's clients and for `Simulator`: http://ADDRESS:PORT.

        The host is its address in numbers: the simulator answers to no name that somebody else's DNS could give out.
        """
        return f"http://{socket.gethostbyname(self.get_container_host_ip())}:{self.get_exposed_port(PORT)}"

    def simulator(self) -> Simulator:
        """Make a client of it: `with container.simulator() as sim:`."""
        return Simulator(url=self.url, token=self.token)

    def async_simulator(self) -> AsyncSimulator:
        """Make an asynchronous client of it: `async with container.async_simulator() as sim:`."""
        return AsyncSimulator(url=self.url, token=self.token)

    @contextlib.contextmanager
    def world(self, accounts: Sequence[str] = ACCOUNTS) -> Iterator[Simulator]:
        """Make another simulator in the container, with these accounts, and remove it when the block ends."""
        with self.simulator() as simulator, simulator.world(accounts) as world:
            yield world

    def key(self, account: str) -> AccessKey:
        """Return an account's access key for the cloud's API at `url`. Raises Refused NoKey."""
        with self.simulator() as simulator:
            return simulator.key(account)


class _Ready(WaitStrategy):
    """The wait until it says that it is ready, which is what its health check asks as well."""

    def __init__(self, peering: PeeringContainer) -> None:
        super().__init__()
        self._peering = peering

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Raises NotStarted or TimeoutError."""
        limit = time.monotonic() + self._startup_timeout
        while time.monotonic() < limit:
            container.reload()
            if container.status in {"exited", "dead"}:
                said = b"".join(container.get_logs()).decode(errors="replace").strip()
                raise NotStarted("NotReady", f"the container ended: {said[-_LOG_TAIL_CHARACTERS:]}")
            with contextlib.suppress(httpx.HTTPError):
                if container.status == "running" and self._is_ready():
                    return
            time.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"the simulator was not ready after {self._startup_timeout:g} s")

    def _is_ready(self) -> bool:
        headers = {"Authorization": f"Bearer {self._peering.token}"}
        url = f"{self._peering.url}/_peering/ready"
        return httpx.get(url, headers=headers, timeout=_ASK_LIMIT_SECONDS, trust_env=False).is_success
