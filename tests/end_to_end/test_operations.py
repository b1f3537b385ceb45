"""Tests of docs/operations.md: three hosts, its files, and what it has an operator type, word by word."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from shared.broker.watchdog import Watchdog
from tests.end_to_end.host_brokers import Node, brokers
from tests.end_to_end.hosts import Network
from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, surroundings
from tests.end_to_end.test_by_hand import plain
from tests.waiting import wait_for_blocking

pytestmark = pytest.mark.hosts

PAGE: Final = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT: Final = REPOSITORY / "examples" / "systemd" / "peering-worker@.service"
HOSTS: Final = ("broker", "alice", "bob")
ENDPOINTS: Final = {"alice": "vpc-alice", "bob": "vpc-bob"}
FILE: Final = re.compile(r"^```\w+\n# (/etc/\S+) on (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK: Final = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP: Final = re.compile(rf"^(?=(?:{'|'.join(HOSTS)})\$ )", re.MULTILINE)
AGAIN: Final = re.compile(r"peering (wait|inbox|why)|healthy")
"""What may be typed again until it says what the page shows."""


@dataclass
class Installation:
    """The three hosts with the files of the page, each in a folder that stands for its root."""

    folder: Path
    network: Network
    exports: dict[str, list[str]] = field(default_factory=lambda: {host: [] for host in HOSTS})

    def root(self, host: str) -> Path:
        """What stands for a host's root."""
        return self.folder / host

    def here(self, host: str, text: str) -> str:
        """A text of the page with paths as they are here."""
        moved = re.sub(r"(?<![\w/-])/(etc/peering|var/lib/peering|run/peering)", rf"{self.root(host)}/\1", text)
        return moved.replace("/opt/peering/bin/", f"{Path(sys.executable).parent}/")

    def write(self) -> None:
        """Write the page's files on the hosts that it names."""
        for path, where, text in FILE.findall(PAGE):
            for host in HOSTS if where == "every host" else [where]:
                file = Path(self.here(host, path)) if "/peering/" in path else self.root(host) / path[1:]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self.here(host, text))

    def environment(self, host: str) -> dict[str, str]:
        """What a shell on a host begins with; RabbitMQ's own programs are those of the node there."""
        return surroundings(PATH=f"{self.root(host) / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")

    def type(self, host: str, line: str) -> str:
        """Type one line on a host, after what was exported there; return what it printed."""
        line = self.here(host, line)
        if line.startswith("export "):
            self.exports[host].append(line)
        script = "\n".join([*self.exports[host], line])
        ended = subprocess.run(
            self.network.hosts[host].command("bash", "-c", script),
            cwd=self.root(host),
            env=self.environment(host),
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        failed = f"exit code {ended.returncode}" if ended.returncode else ""
        return (ended.stdout + ended.stderr + failed).replace(str(self.root(host)), "")

    def follow(self, begin: str, end: str) -> int:
        """Type what a part of the page has typed, and compare what is printed where the page shows it; count it."""
        text = PAGE[PAGE.index(f"## {begin}\n") : PAGE.index(f"## {end}\n")]
        steps = [step for block in BLOCK.findall(text) for step in STEP.split(block) if step]
        for step in steps:
            prompt, _, prints = step.partition("\n")
            host, _, line = prompt.partition("$ ")

            def printed(host: str = host, line: str = line) -> str:
                return plain(self.type(host, line))

            if AGAIN.search(line):
                wait_for_blocking(printed, LIMIT_SECONDS, until=plain(prints).__eq__, what=prompt)
            else:
                said = printed()
                assert "exit code" not in said, prompt
                assert not prints or said == plain(prints), prompt
        return len(steps)

    def start_worker(self, host: str) -> Watchdog:
        """Start a host's worker as its unit says; it ends with this process."""
        endpoint = ENDPOINTS[host]
        unit = dict(
            line.split("=", 1)
            for line in self.here(host, UNIT.read_text()).replace("%i", endpoint).splitlines()
            if re.match(r"\w+=", line)
        )
        settings = [*unit["Environment"].split(), *Path(unit["EnvironmentFile"]).read_text().splitlines()]
        environment = self.environment(host) | dict(setting.split("=", 1) for setting in settings)
        for folder in (f"var/lib/{unit['StateDirectory']}", f"run/{unit['RuntimeDirectory']}"):
            (self.root(host) / folder).mkdir(parents=True, exist_ok=True)
        command = unit["ExecStart"].replace("${PEERING_ROLE}", environment["PEERING_ROLE"])
        line = shlex.join(self.network.hosts[host].command(*command.split()))
        return Watchdog([line], environment, self.root(host), self.log(host))

    def log(self, host: str) -> Path:
        """What a host's worker has logged."""
        return self.root(host) / "worker.log"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Three hosts with the page's files on them, and nothing that runs."""
    with Network() as network:
        for host in HOSTS:
            network.add(host)
            (tmp_path / host / "bin").mkdir(parents=True)
        network.name()
        made = Installation(tmp_path, network)
        made.write()
        yield made


def own_programs(installation: Installation, node: Node) -> None:
    """Have `rabbitmqctl` on the broker's host speak with the node there."""
    script = installation.root("broker") / "bin" / "rabbitmqctl"
    exports = "".join(
        f"export {name}={shlex.quote(value)}\n" for name, value in node.environment.items() if name != "PATH"
    )
    script.write_text(f'#!/bin/sh\n{exports}exec {shlex.join(node.command("rabbitmqctl")[4:])} "$@"\n')
    script.chmod(0o755)


def test_an_operator_who_types_the_page_has_two_ends_that_agree(installation: Installation) -> None:
    with ExitStack() as running:
        typed = installation.follow("Certificates", "The broker")
        for host in ENDPOINTS:
            ca = installation.root("broker") / "etc/peering/ca.pem"
            (installation.root(host) / "etc/peering/ca.pem").write_bytes(ca.read_bytes())
        configuration = (installation.root("broker") / "etc/rabbitmq/rabbitmq.conf").read_text()
        machine = installation.network.hosts["broker"]
        (node,) = running.enter_context(brokers(installation.folder / "rabbitmq", [machine], configuration))
        own_programs(installation, node)
        typed += installation.follow("The broker", "Workers")
        for host in ENDPOINTS:
            running.callback(installation.start_worker(host).kill)
        typed += installation.follow("Workers", "When something is wrong")
        assert typed > 20
