"""The private broker: a real RabbitMQ of the program's own, where no other is named.

On loopback, in a folder of its own, on ports of its own, gone when the program is gone. Everything here blocks (a boot
takes some seconds), so that it can be used before any event loop runs; inside of one, call it with `asyncio.to_thread`.
"""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from shared.broker.errors import BrokerNotStarted
from shared.broker.polling import wait_until
from shared.broker.private_files import (
    LOOPBACK,
    Layout,
    Ports,
    Programs,
    environment,
    find_programs,
    free_ports,
    write_definitions,
    write_files,
)
from shared.broker.watchdog import Watchdog

START_LIMIT_SECONDS: Final = 90.0
QUEUE_SECONDS: Final = 0.01
"""What making a queue takes, while it boots or later, on a machine that does nothing else."""
START_LIMIT_SECONDS_EACH: Final = 5 * QUEUE_SECONDS
"""For each queue that it makes while it boots."""
STOP_LIMIT_SECONDS: Final = 3.0
"""Then it is killed: it has on disk what it confirmed, and nobody likes to wait for a goodbye."""
_PROBE_LIMIT_SECONDS: Final = 2.0
_COMMAND_LIMIT_SECONDS: Final = 60.0
_LOG_TAIL_LINES: Final = 25
_AMQP_HEADER: Final = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME: Final = 1

ADVICE: Final = (
    "RabbitMQ is not installed here. Install it (Debian, Ubuntu: apt-get install --no-install-recommends "
    "rabbitmq-server), or name a running broker (--broker, PEERING_BROKER_URL), or install Docker"
)


class LoopbackBroker(ABC):
    """A RabbitMQ of the program's own: where it listens, how long it may take to come up, and that it ends."""

    def __init__(self, ports: Ports, definitions: Path, *logs: Path) -> None:
        """`definitions` is what it loads when it boots; `logs` are the files whose ends say why it did not start."""
        self._ports = ports
        self._definitions = definitions
        self._logs = logs

    @property
    def host(self) -> str:
        """The address it listens on: loopback and no other."""
        return LOOPBACK

    @property
    def amqp_port(self) -> int:
        """The port for workers and consoles."""
        return self._ports.amqp

    @property
    def management_url(self) -> str:
        """The address for the control plane, without credentials."""
        return f"http://{LOOPBACK}:{self._ports.management}"

    @abstractmethod
    def stop(self) -> None:
        """Ask it to end, wait, then kill what is left. Nothing of it runs afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_for(self, program: str, ended: Callable[[], bool], ready: Callable[[], bool]) -> None:
        """Wait until a program of it is ready. Raises BrokerNotStarted."""
        queues = json.loads(self._definitions.read_bytes()).get("queues", [])
        limit = START_LIMIT_SECONDS + START_LIMIT_SECONDS_EACH * len(queues)
        if not wait_until(lambda: ended() or ready(), limit):
            raise BrokerNotStarted(f"{program} did not answer in {limit:.0f} s.\n{self._log_tail()}")
        if ended():
            raise BrokerNotStarted(f"{program} ended while it started.\n{self._log_tail()}")

    def _log_tail(self) -> str:
        """The end of what the broker said."""
        lines: list[str] = []
        for path in self._logs:
            with contextlib.suppress(OSError):
                lines += path.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join(lines)


class PrivateBroker(LoopbackBroker):
    """One RabbitMQ that belongs to this program and ends with it, even if the program is killed."""

    def __init__(self, layout: Layout, programs: Programs, *, own_epmd: bool = True) -> None:
        """Prefer `PrivateBroker.start`; a node of a cluster shares the cluster's epmd and has none of its own."""
        super().__init__(layout.ports, layout.definitions, layout.output, layout.log)
        self._layout = layout
        self._programs = programs
        self._own_epmd = own_epmd
        self._processes: Watchdog | None = None

    @classmethod
    def start(cls, folder: Path, definitions: dict[str, Any]) -> Self:
        """Boot a broker and return when it speaks AMQP. Raises BrokerNotStarted."""
        programs = find_programs()
        if programs is None:
            raise BrokerNotStarted(ADVICE)
        broker = cls(Layout(folder.absolute(), free_ports()), programs)
        write_files(broker._layout, definitions)
        broker.restart()
        return broker

    @staticmethod
    def available() -> bool:
        """Whether what it takes is installed."""
        return find_programs() is not None

    @property
    def pid(self) -> int | None:
        """The Erlang machine's process id, None while the broker is stopped."""
        if self._processes is None:
            return None
        with contextlib.suppress(OSError, ValueError):
            return int(self._layout.pid_file.read_text())
        return None

    @property
    def group(self) -> int | None:
        """The process group that holds everything of this broker, None while it is stopped."""
        return self._processes.group if self._processes else None

    def redefine(self, definitions: dict[str, Any]) -> None:
        """Have it load other definitions whenever it boots from now on. Raises OSError."""
        write_definitions(self._layout.definitions, definitions)

    def restart(self) -> None:
        """Boot on the same ports and data, after stop() or kill(); a broker that runs is killed first.

        epmd, Erlang's port mapper, comes first: a node that finds none starts one that outlives it.
        """
        self.kill()
        self._layout.pid_file.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._layout.output.replace(self._layout.output.with_suffix(".1.log"))
        ports = self._layout.ports
        epmd = [epmd_command(self._programs, ports.epmd)] if self._own_epmd else []
        server = shlex.join([str(self._programs.server)])
        environ = environment(self._layout)
        processes = Watchdog([*epmd, server], environ, self._layout.folder, self._layout.output)
        self._processes = processes
        try:
            if epmd:
                self._wait_for("epmd", processes.ended, lambda: accepts(LOOPBACK, ports.epmd))
                processes.start_next()
            self._wait_for("RabbitMQ", processes.ended, lambda: speaks_amqp(LOOPBACK, ports.amqp))
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end, wait, then kill what is left. Nothing of it runs afterwards."""
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
                wait_until(lambda: not _is_alive(pid), STOP_LIMIT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the node and all that belongs to it; its data stays for restart()."""
        if self._processes is not None:
            self._processes.kill()
            self._processes = None

    def rabbitmqctl(self, *words: str) -> None:
        """Run RabbitMQ's own command on this node. Raises CalledProcessError, or TimeoutExpired."""
        port = str(free_ports().distribution)
        ports = {"RABBITMQ_CTL_DIST_PORT_MIN": port, "RABBITMQ_CTL_DIST_PORT_MAX": port}
        command = [str(self._programs.server.with_name("rabbitmqctl")), "-n", self._layout.node, *words]
        environ = environment(self._layout) | ports
        subprocess.run(command, env=environ, check=True, capture_output=True, timeout=_COMMAND_LIMIT_SECONDS)  # noqa: S603 - an installed program


def epmd_command(programs: Programs, port: int) -> str:
    """The shell's line that runs Erlang's port mapper on loopback."""
    return shlex.join([str(programs.epmd), "-address", LOOPBACK, "-port", str(port)])


def accepts(host: str, port: int) -> bool:
    """Whether anybody listens there."""
    try:
        with socket.create_connection((host, port), timeout=_PROBE_LIMIT_SECONDS):
            return True
    except OSError:
        return False


def speaks_amqp(host: str, port: int) -> bool:
    """Whether a broker at this address greets: an open port alone may be a proxy's or a half-booted node's."""
    try:
        with socket.create_connection((host, port), timeout=_PROBE_LIMIT_SECONDS) as connection:
            connection.sendall(_AMQP_HEADER)
            return connection.recv(1) == bytes([_METHOD_FRAME])
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
