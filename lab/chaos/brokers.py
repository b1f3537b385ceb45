"""A cluster is meant to survive what kills a single node, and only three real nodes can show whether it does.

One private RabbitMQ, or three that form a cluster on loopback by RabbitMQ's own peer discovery (a fixed list).
Blocking, as `PrivateBroker` is: call it with `asyncio.to_thread`.
"""

from __future__ import annotations

import contextlib
import secrets
import shlex
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from shared.broker.embedded import ADVICE, START_LIMIT_SECONDS, PrivateBroker, accepts, speaks_amqp
from shared.broker.errors import BrokerNotStarted
from shared.broker.private_files import (
    LOOPBACK,
    Layout,
    Programs,
    environment,
    find_programs,
    free_ports,
    write_files,
)
from shared.broker.watchdog import Watchdog

CLUSTER_NODES: Final = 3
"""The fewest of which one may be lost."""

_LOOK_EVERY_SECONDS: Final = 0.1
_LAST_WORDS_LINES: Final = 25
_BOOT_PARTS: Final = ("vhosts", "users", "permissions")
"""What a node may load before the cluster stands: a queue declared then would live on one node alone."""


class Node(Protocol):
    """One RabbitMQ of ours."""

    @property
    def amqp_port(self) -> int:
        """Where workers connect, on loopback."""

    @property
    def management_url(self) -> str:
        """Where the control plane connects, without credentials."""

    @property
    def pid(self) -> int | None:
        """The Erlang machine's process id, None while it is not there."""

    def kill(self) -> None:
        """SIGKILL; its data stays."""

    def restart(self) -> None:
        """Boot it again, and return when it speaks AMQP. Raises BrokerNotStarted."""


class ClusterNode:
    """One node of a cluster; Erlang's port mapper is the cluster's and outlives it."""

    def __init__(self, layout: Layout, programs: Programs) -> None:
        """Nothing runs before `restart`."""
        self._layout, self._programs = layout, programs
        self._processes: Watchdog | None = None

    @property
    def amqp_port(self) -> int:
        """Where workers connect, on loopback."""
        return self._layout.ports.amqp

    @property
    def management_url(self) -> str:
        """Where the control plane connects, without credentials."""
        return f"http://{LOOPBACK}:{self._layout.ports.management}"

    @property
    def pid(self) -> int | None:
        """The Erlang machine's process id, None while it is not there."""
        if self._processes is None:
            return None
        with contextlib.suppress(OSError, ValueError):
            return int(self._layout.pid_file.read_text())
        return None

    def kill(self) -> None:
        """SIGKILL; its data stays."""
        if self._processes is not None:
            self._processes.kill()
            self._processes = None

    def restart(self) -> None:
        """Boot it again, and return when it speaks AMQP. Raises BrokerNotStarted."""
        self.kill()
        self._layout.pid_file.unlink(missing_ok=True)
        server = shlex.join([str(self._programs.server)])
        environ = environment(self._layout)
        processes = Watchdog([server], environ, self._layout.folder, self._layout.output)
        self._processes = processes
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not speaks_amqp(LOOPBACK, self.amqp_port):
            if processes.ended() or time.monotonic() > deadline:
                self.kill()
                raise BrokerNotStarted(f"{self._layout.node} did not join its cluster.\n{self._last_words()}")
            time.sleep(_LOOK_EVERY_SECONDS)

    def _last_words(self) -> str:
        lines: list[str] = []
        for path in (self._layout.output, self._layout.log):
            with contextlib.suppress(OSError):
                lines += path.read_text(errors="replace").splitlines()[-_LAST_WORDS_LINES:]
        return "\n".join(lines)


@contextmanager
def nodes_of(folder: Path, document: dict[str, Any], *, cluster: bool) -> Iterator[Sequence[Node]]:
    """Run one broker, or three as a cluster, with the accounts of this document. Raises BrokerNotStarted."""
    boot = {part: document[part] for part in _BOOT_PARTS}
    if cluster:
        with _cluster(folder, boot) as nodes:
            yield nodes
        return
    folder.mkdir(parents=True, mode=0o700)
    broker = PrivateBroker.start(folder, boot)
    try:
        yield [broker]
    finally:
        broker.kill()


@contextmanager
def _cluster(folder: Path, boot: dict[str, Any]) -> Iterator[Sequence[Node]]:
    programs = find_programs()
    if programs is None:
        raise BrokerNotStarted(ADVICE)
    mapper = free_ports().epmd
    layouts = [
        Layout(folder.absolute() / f"node-{number}", replace(free_ports(), epmd=mapper))
        for number in range(1, CLUSTER_NODES + 1)
    ]
    cookie = secrets.token_hex(20)
    for layout in layouts:
        write_files(layout, boot)
        _join(layout, layouts, cookie)
    nodes = [ClusterNode(layout, programs) for layout in layouts]
    with ExitStack() as running:
        _port_mapper(programs, layouts[0], running)
        for node in nodes:
            running.callback(node.kill)
        nodes[0].restart()
        with ThreadPoolExecutor(CLUSTER_NODES) as threads:
            list(threads.map(ClusterNode.restart, nodes[1:]))
        yield nodes


def _port_mapper(programs: Programs, layout: Layout, running: ExitStack) -> None:
    """Run epmd for all nodes, so that no node's end takes it along."""
    port = layout.ports.epmd
    command = shlex.join([str(programs.epmd), "-address", LOOPBACK, "-port", str(port)])
    processes = Watchdog([command], environment(layout), layout.folder, layout.output)
    running.callback(processes.kill)
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not accepts(LOOPBACK, port):
        if processes.ended() or time.monotonic() > deadline:
            raise BrokerNotStarted("epmd did not answer")
        time.sleep(_LOOK_EVERY_SECONDS)


def _join(layout: Layout, layouts: Sequence[Layout], cookie: str) -> None:
    """Tell a node of the others, and the word by which they know each other."""
    secret = layout.folder / ".erlang.cookie"
    secret.write_text(cookie, encoding="ascii")
    secret.chmod(0o400)
    settings = {
        "cluster_formation.peer_discovery_backend": "classic_config",
        "cluster_partition_handling": "pause_minority",
        **{f"cluster_formation.classic_config.nodes.{place}": one.node for place, one in enumerate(layouts, 1)},
    }
    with (layout.folder / "rabbitmq.conf").open("a", encoding="utf-8") as configuration:
        configuration.writelines(f"{key} = {value}\n" for key, value in settings.items())
