"""The broker of a chaos run, which its faults break: one private RabbitMQ, or three as a cluster on loopback.

The three find each other by RabbitMQ's own peer discovery (a fixed list).
Blocking, as `PrivateBroker` is: call it with `asyncio.to_thread`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from shared.broker.embedded import ADVICE, START_LIMIT_SECONDS, PrivateBroker, accepts, epmd_command
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
_BOOT_PARTS: Final = ("vhosts", "users", "permissions")
"""What a node may load before the cluster stands: a queue declared then would live on one node alone."""


@contextmanager
def nodes_of(folder: Path, document: dict[str, Any], *, cluster: bool) -> Iterator[Sequence[PrivateBroker]]:
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
def _cluster(folder: Path, boot: dict[str, Any]) -> Iterator[Sequence[PrivateBroker]]:
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
    nodes = [PrivateBroker(layout, programs, own_epmd=False) for layout in layouts]
    with ExitStack() as running:
        _port_mapper(programs, layouts[0], running)
        for node in nodes:
            running.callback(node.kill)
        nodes[0].restart()
        with ThreadPoolExecutor(CLUSTER_NODES) as threads:
            list(threads.map(PrivateBroker.restart, nodes[1:]))
        yield nodes


def _port_mapper(programs: Programs, layout: Layout, running: ExitStack) -> None:
    """Run epmd for all nodes, so that no node's end takes it along."""
    port = layout.ports.epmd
    processes = Watchdog([epmd_command(programs, port)], environment(layout), layout.folder, layout.output)
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
