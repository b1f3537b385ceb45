"""The files, ports and environment of a private broker.

It must not notice the machine it runs on: not its settings, cookie, ports or brokers. Debian's wrapper in /usr/sbin
changes to the user `rabbitmq` and to /var/lib; the script behind it does neither, runs for any user, and takes every
path from the environment, which is written here.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LOOPBACK: Final = "127.0.0.1"
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""The default since 4.0; 3.10 would take 128 MiB."""

LOG_LIMITS: Final = {"log.file.rotation.size": 4 * 1024 * 1024, "log.file.rotation.count": 2}
"""How long the broker's log may get, in bytes, and how many old ones are kept."""

_SERVER_SCRIPTS: Final = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
)
_EPMD_PROGRAMS: Final = ("/usr/bin/epmd", "/usr/lib/erlang/erts-*/bin/epmd", "/usr/local/lib/erlang/erts-*/bin/epmd")
_DEBIAN_WRAPPER: Final = "/usr/sbin/rabbitmq-server"
FREE_DISK_BYTES: Final = 50_000_000
_PRIVATE_FILE_MODE: Final = 0o600
_OUTGOING_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_IANA_OUTGOING_PORTS: Final = (49_152, 65_535)
_LOWEST_PORT: Final = 20_000
_ENOUGH_PORTS: Final = 1_000
_PORT_ATTEMPTS: Final = 200

_ERLANG_ARGUMENTS: Final = (
    "+S 2:2",  # two schedulers are enough for one program's broker
    "+sbwt none +sbwtdcpu none +sbwtdio none",  # an idle scheduler sleeps instead of spinning
    "-kernel inet_dist_use_interface {127,0,0,1}",
)

ADVANCED: Final = (
    "[{rabbit, [{quorum_tick_interval, 600000}, {file_handles_high_watermark, 1000000}]},"
    " {aten, [{heartbeat_interval, 5000}]}].\n"
)
"""A quorum queue counts itself for statistics that nobody asks for, up to a millisecond each: every ten minutes, not
every five seconds. Nodes look whether others of their cluster are alive: every five seconds, not every tenth of one.
Before 4.0 RabbitMQ reckons with three descriptors for each quorum queue, which opens none while it is idle, and lets no
client in beyond what it may have: 6,600 queues of 20,000. It may reckon with a million.
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one private broker listens, on loopback."""

    amqp: int
    management: int
    distribution: int
    epmd: int


@dataclass(frozen=True, slots=True)
class Programs:
    """What has to be installed to run a broker."""

    server: Path
    epmd: Path


@dataclass(frozen=True, slots=True)
class Layout:
    """One private broker's folder, and nothing of it anywhere else."""

    folder: Path
    ports: Ports

    @property
    def node(self) -> str:
        """Erlang's name of the node; it stands in the data folder too, and stays the same for a folder."""
        return f"peering-{self.ports.distribution}@localhost"

    @property
    def pid_file(self) -> Path:
        """Where the node writes its process id."""
        return self.folder / "broker.pid"

    @property
    def log(self) -> Path:
        """What the node says."""
        return self.folder / "broker.log"

    @property
    def output(self) -> Path:
        """What it says before it has a log, and when it can't write one."""
        return self.folder / "output.log"

    @property
    def definitions(self) -> Path:
        """What the node loads at boot; it holds password hashes."""
        return self.folder / "definitions.json"


def find_programs() -> Programs | None:
    """Find the server's own script and epmd, or None if one of them is missing."""
    server = _first_existing(_SERVER_SCRIPTS, shutil.which("rabbitmq-server"), refused=_DEBIAN_WRAPPER)
    epmd = _first_existing(_EPMD_PROGRAMS, shutil.which("epmd"))
    return Programs(server, epmd) if server and epmd else None


def _first_existing(patterns: tuple[str, ...], on_path: str | None, refused: str = "") -> Path | None:
    """The newest file that matches, else the program on the path, unless it is the one that is refused."""
    for pattern in patterns:
        found = sorted(Path("/").glob(pattern.lstrip("/")))
        if found:
            return found[-1]
    return Path(on_path) if on_path and on_path != refused else None


def outgoing_ports() -> tuple[int, int]:
    """The range out of which the kernel gives each outgoing connection its port; IANA's where it does not say."""
    try:
        first, last = _OUTGOING_PORTS.read_text().split()
    except OSError:
        return _IANA_OUTGOING_PORTS
    return int(first), int(last)


def free_ports() -> Ports:
    """Find four ports that nobody uses, and that no outgoing connection will be given while the broker is down.

    Somebody may still take one before the broker does: it then says so.
    """
    sockets = [_unused_port() for _ in range(4)]
    try:
        amqp, management, distribution, epmd = (one.getsockname()[1] for one in sockets)
    finally:
        for one in sockets:
            one.close()
    return Ports(amqp, management, distribution, epmd)


def _unused_port() -> socket.socket:
    """Hold a port below the outgoing range; any port at all if there is hardly one below."""
    below, _ = outgoing_ports()
    if below - _LOWEST_PORT >= _ENOUGH_PORTS:
        for _ in range(_PORT_ATTEMPTS):
            port = _LOWEST_PORT + secrets.randbelow(below - _LOWEST_PORT)
            with contextlib.suppress(OSError):
                return socket.create_server((LOOPBACK, port))
    return socket.create_server((LOOPBACK, 0))


def write_files(layout: Layout, definitions: dict[str, Any]) -> None:
    """Write what the broker reads when it starts."""
    layout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_definitions(layout.definitions, definitions)
    _write_private(layout.folder / "rabbitmq.conf", _configuration(layout))
    _write_private(layout.folder / "enabled_plugins", "[rabbitmq_management].\n")
    _write_private(layout.folder / "advanced.config", ADVANCED)


def write_definitions(path: Path, definitions: dict[str, Any]) -> None:
    """Write what the broker loads when it boots. Raises OSError."""
    _write_private(path, json.dumps(definitions, indent=1))


def _write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all: the broker may be booting."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE_MODE), "w") as file:
        file.write(text)
    part.replace(path)


def _configuration(layout: Layout) -> str:
    """The node's rabbitmq.conf."""
    settings = {
        "listeners.tcp.1": f"{LOOPBACK}:{layout.ports.amqp}",
        "management.tcp.ip": LOOPBACK,
        "management.tcp.port": layout.ports.management,
        "management_agent.disable_metrics_collector": "true",
        "collect_statistics": "none",
        "collect_statistics_interval": 60_000,
        "load_definitions": layout.definitions,
        "max_message_size": MAX_MESSAGE_BYTES,
        "disk_free_limit.absolute": FREE_DISK_BYTES,
        "loopback_users": "none",
        "log.file": layout.log,  # not in RABBITMQ_LOGS, which takes the limits back
        "log.file.level": "info",
        **LOG_LIMITS,
        "log.console": "false",
        "heartbeat": 10,
    }
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def environment(layout: Layout) -> dict[str, str]:
    """Make the whole environment of a private broker; nothing of RabbitMQ's or Erlang's is inherited."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_", "PEERING_"))
    }
    folder = layout.folder
    return inherited | {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(layout.ports.epmd),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": layout.node,
        "RABBITMQ_DIST_PORT": str(layout.ports.distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(layout.pid_file),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-environment-file"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(_ERLANG_ARGUMENTS),
    }
