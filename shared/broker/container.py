"""The broker in a container: RabbitMQ where it is not installed but Docker is.

The same interface as `PrivateBroker`, over the `docker` command line, so no client library is needed. A container
outlives the program that started it, so a shell inside of it waits on its standard input, which is our pipe: when our
process ends, in whatever way, Docker closes it and the container ends and is removed.
"""

import contextlib
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, Self

from shared.broker.embedded import LoopbackBroker, speaks_amqp
from shared.broker.errors import BrokerNotStarted
from shared.broker.private_files import ADVANCED, LOG_LIMITS, LOOPBACK, MAX_MESSAGE_BYTES, free_ports, write_definitions

IMAGE: Final = "rabbitmq:4-management"
STOP_LIMIT_SECONDS: Final = 15.0
_ENGINE_LIMIT_SECONDS: Final = 30.0
_SHARED_FOLDER_MODE: Final = 0o700

_SCRIPT: Final = """
set -e
mkdir -p /etc/peering
cp /peering/rabbitmq.conf /peering/advanced.config /peering/definitions.json /peering/enabled_plugins /etc/peering/
chown -R rabbitmq /etc/peering /var/lib/rabbitmq
exec 3<&0
rabbitmq-server </dev/null 3<&- &
server=$!
{ read -r _ <&3 || kill -TERM $server; } &
wait $server
"""


class ContainerBroker(LoopbackBroker):
    """One RabbitMQ in a container that belongs to this program and ends with it."""

    def __init__(self, folder: Path, image: str) -> None:
        """Prefer `ContainerBroker.start`."""
        super().__init__(free_ports(), folder / "definitions.json", folder / "output.log")
        self._folder = folder
        self._image = image
        self._name = ""
        self._client: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, folder: Path, definitions: dict[str, Any], image: str = IMAGE) -> Self:
        """Run a broker and return when it speaks AMQP. Raises BrokerNotStarted."""
        if not cls.available():
            raise BrokerNotStarted("no Docker engine answers here")
        broker = cls(folder.absolute(), image)
        broker._write_files(definitions)
        broker.restart()
        return broker

    @staticmethod
    def available() -> bool:
        """Whether a Docker engine answers."""
        if shutil.which("docker") is None:
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            return _docker("info", "--format", "{{.ServerVersion}}").returncode == 0
        return False

    @property
    def pid(self) -> int | None:
        """The container's first process, as the engine's machine counts; None while it is stopped."""
        if self._client is None:
            return None
        shown = _docker("inspect", "--format", "{{.State.Pid}}", self._name)
        return int(shown.stdout) if shown.returncode == 0 else None

    def redefine(self, definitions: dict[str, Any]) -> None:
        """Have it load other definitions whenever it boots from now on. Raises OSError."""
        write_definitions(self._folder / "definitions.json", definitions)

    def restart(self) -> None:
        """Run on the same ports and data, after stop() or kill(); a broker that runs is killed first."""
        self.kill()
        self._name = f"peering-broker-{secrets.token_hex(6)}"
        with (self._folder / "output.log").open("ab") as log:
            self._client = subprocess.Popen(  # noqa: S603 - our own arguments
                self._command(), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            client = self._client
            self._wait_for(
                "the container", lambda: client.poll() is not None, lambda: speaks_amqp(LOOPBACK, self.amqp_port)
            )
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end, wait, then kill what is left. The container is gone afterwards."""
        if self._client is not None and self._client.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._client.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._client.wait(STOP_LIMIT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the node; its data stays in the folder for restart()."""
        if self._client is None:
            return
        _docker("rm", "--force", "--volumes", self._name)
        if self._client.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._client.stdin.close()
        self._client.kill()
        self._client.wait()
        self._client = None

    def _write_files(self, definitions: dict[str, Any]) -> None:
        """Write what the container copies when it starts."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=_SHARED_FOLDER_MODE)
        (self._folder / "data").mkdir(exist_ok=True)
        self.redefine(definitions)
        (self._folder / "enabled_plugins").write_text("[rabbitmq_management].\n", encoding="utf-8")
        (self._folder / "advanced.config").write_text(ADVANCED, encoding="utf-8")
        settings = {
            "load_definitions": "/etc/peering/definitions.json",
            "max_message_size": MAX_MESSAGE_BYTES,
            "loopback_users": "none",
            "log.console": "false",  # docker and our output.log would keep all of it
            "log.file": "broker.log",
            **LOG_LIMITS,
        }
        lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
        (self._folder / "rabbitmq.conf").write_text(lines, encoding="utf-8")

    def _command(self) -> list[str]:
        """The command line of the container."""
        return [
            *("docker", "run", "--rm", "--interactive", "--name", self._name, "--hostname", "peering-broker"),
            *("--publish", f"{LOOPBACK}:{self._ports.amqp}:5672"),
            *("--publish", f"{LOOPBACK}:{self._ports.management}:15672"),
            *("--volume", f"{self._folder}:/peering:ro", "--volume", f"{self._folder / 'data'}:/var/lib/rabbitmq"),
            *("--env", "RABBITMQ_CONFIG_FILE=/etc/peering/rabbitmq.conf"),
            *("--env", "RABBITMQ_ADVANCED_CONFIG_FILE=/etc/peering/advanced.config"),
            *("--env", "RABBITMQ_CONFIG_FILES=/etc/peering/no-more"),
            *("--env", "RABBITMQ_ENABLED_PLUGINS_FILE=/etc/peering/enabled_plugins"),
            *("--entrypoint", "/bin/sh", self._image, "-c", _SCRIPT),
        ]


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the `docker` command line, within a limit."""
    return subprocess.run(  # noqa: S603 - our own arguments
        ["docker", *arguments],  # noqa: S607 - wherever the user has it
        capture_output=True,
        text=True,
        timeout=_ENGINE_LIMIT_SECONDS,
        check=False,
    )
