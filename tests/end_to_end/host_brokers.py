"""RabbitMQ on hosts of their own, alone or as a cluster whose nodes find each other over the network."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.broker.embedded import accepts, speaks_amqp
from shared.broker.private_files import LOOPBACK, Layout, Ports, environment, find_programs, write_files
from shared.broker.watchdog import Watchdog
from tests.end_to_end.hosts import Host
from tests.integration.broker_ladder import ADMINISTRATOR, administrator_definitions
from tests.waiting import wait_for_blocking

BOOT_LIMIT_SECONDS: Final = 180.0
COMMAND_LIMIT_SECONDS: Final = 90.0
PORTS: Final = Ports(amqp=5672, management=15672, distribution=25672, epmd=4369)
"""The usual ones: nobody else is on these hosts."""

TLS_PORT: Final = 5671
_COOKIE: Final = "the-hosts-of-one-test"
_ERLANG_ARGUMENTS: Final = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
_ADVANCED: Final = "[{kernel, [{net_ticktime, 8}]}].\n"
"""A node that is cut off knows it after 6 to 10 s instead of 45 to 75, so that a test need not wait for that."""


@dataclass(frozen=True)
class Node:
    """One RabbitMQ node on a host."""

    host: Host
    layout: Layout
    server: Path

    @property
    def name(self) -> str:
        """Erlang's name of it."""
        return f"rabbit@{self.host.address}"

    @property
    def management_url(self) -> str:
        """The address of its management API, with the administrator's login."""
        return f"http://{ADMINISTRATOR.uid}:{ADMINISTRATOR.password}@{self.host.address}:{PORTS.management}"

    @property
    def environment(self) -> dict[str, str]:
        """That of a private broker, but for the network."""
        private = environment(self.layout)
        del private["ERL_EPMD_ADDRESS"]
        return private | {
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_ARGUMENTS,
        }

    def write(self, nodes: Sequence[Node], configuration: str = "") -> None:
        """Write what it reads when it starts: accounts, other nodes, cookie; or a configuration that says all else."""
        write_files(self.layout, administrator_definitions() if len(nodes) == 1 else _accounts())
        settings = self.layout.folder / "rabbitmq.conf"
        lines = [configuration or settings.read_text().replace(LOOPBACK, "0.0.0.0")]  # noqa: S104 - a host without a way out
        if len(nodes) > 1:
            lines += ["cluster_partition_handling = pause_minority\n", "queue_master_locator = min-masters\n"]
            lines += ["cluster_formation.peer_discovery_backend = classic_config\n"]
            lines += [f"cluster_formation.classic_config.nodes.{at} = {one.name}\n" for at, one in enumerate(nodes, 1)]
        settings.write_text("".join(lines))
        (self.layout.folder / "advanced.config").write_text(_ADVANCED)
        cookie = self.layout.folder / ".erlang.cookie"
        cookie.write_text(_COOKIE)
        cookie.chmod(0o400)

    def start(self) -> Watchdog:
        """Start it; it ends with this process, whatever becomes of that."""
        line = shlex.join(self.host.command(str(self.server)))
        return Watchdog([line], self.environment, self.layout.folder, self.layout.output)

    def answers(self) -> bool:
        """Whether it speaks AMQP, or listens for TLS."""
        with self.host.inside():
            return speaks_amqp(LOOPBACK, PORTS.amqp) or accepts(LOOPBACK, TLS_PORT)

    def command(self, program: str, *words: str) -> list[str]:
        """The command that runs one of RabbitMQ's own programs on it."""
        return self.host.command(str(self.server.with_name(program)), "-n", self.name, *words)

    def run(self, program: str, *words: str) -> str:
        """Run one of RabbitMQ's own programs on it, and return what that says."""
        command = self.command(program, *words)
        ended = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


def _accounts() -> dict[str, Any]:
    """What a node of a cluster may load: a queue that it declared while it is alone would stay on it alone."""
    document = administrator_definitions()
    return {part: document[part] for part in ("vhosts", "users", "permissions")}


@contextmanager
def brokers(folder: Path, hosts: Sequence[Host], configuration: str = "") -> Iterator[Sequence[Node]]:
    """Run a node on each host, all as one broker; `configuration` is the whole rabbitmq.conf, where it is not ours."""
    programs = find_programs()
    assert programs is not None, "rabbitmq-server is not installed"
    nodes = [Node(host, Layout(folder / host.name, PORTS), programs.server) for host in hosts]
    with ExitStack() as running:
        for node in nodes:
            node.write(nodes, configuration)
            running.callback(node.start().kill)
        for node in nodes:
            wait_for_blocking(node.answers, BOOT_LIMIT_SECONDS, what=f"{node.name} to speak AMQP")
        if len(nodes) > 1:
            nodes[0].run("rabbitmqctl", "await_online_nodes", str(len(nodes)))
        yield nodes
