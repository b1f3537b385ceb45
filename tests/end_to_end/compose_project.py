"""The compose file's project, as the tests run it: under a name of its own, typed and inspected."""

import json
import os
import socket
import subprocess
from dataclasses import dataclass
from typing import Any, Final

from tests.end_to_end.programs import REPOSITORY
from tests.waiting import wait_for_blocking

LIMIT_SECONDS: Final = 300.0
WORKERS: Final = ("alice-initiator", "bob-acceptor")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass(frozen=True)
class Project:
    """The compose file under a name, with an image and on ports of its own: two runs at once do not meet."""

    name: str
    amqp_port: int
    management_port: int
    console_port: int

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Type `docker compose …`."""
        own = {
            "PEERING_AMQP_PORT": str(self.amqp_port),
            "PEERING_MANAGEMENT_PORT": str(self.management_port),
            "PEERING_CONSOLE_PORT": str(self.console_port),
            "PEERING_IMAGE": self.name,
        }
        command = ["docker", "compose", "--project-name", self.name, *words]
        ended = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert ended.returncode == 0 or not check, f"{' '.join(command)}\n{ended.stdout}{ended.stderr}"
        return ended

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        container = self.run("ps", "--all", "--quiet", service).stdout.strip()
        shown = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(shown.stdout)[0]
        return found

    def health(self, service: str) -> str:
        """What the health check said last."""
        return str(self.inspect(service)["State"]["Health"]["Status"])

    def wait_until_workers_are(self, health: str) -> None:
        """Wait for both workers' health checks to say this."""
        wait_for_blocking(
            lambda: [self.health(worker) for worker in WORKERS],
            LIMIT_SECONDS,
            until=lambda found: found == [health] * len(WORKERS),
        )

    @property
    def bearer(self) -> dict[str, str]:
        """What a program sends to be let into the console."""
        token = self.run("exec", "-T", "console", "cat", "/var/lib/peering/token").stdout.strip()
        return {"Authorization": f"Bearer {token}"}

    def addresses(self, service: str) -> list[str]:
        """The addresses of a service's container."""
        return [str(one["IPAddress"]) for one in self.inspect(service)["NetworkSettings"]["Networks"].values()]

    def inside(self, service: str, *words: str) -> dict[str, Any]:
        """Type `peering …` in a container."""
        ended = self.run("exec", "-T", service, "peering", *words, "--json", check=False)
        assert ended.stdout, ended.stderr
        return {**json.loads(ended.stdout), "exit": ended.returncode}
