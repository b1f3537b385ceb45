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

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(900), pytest.mark.xdist_group("operations")]

PAGE: Final = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT: Final = REPOSITORY / "examples" / "systemd" / "peering-worker@.service"
CA: Final = "etc/peering/ca.pem"
HOSTS: Final = ("broker", "alice", "bob")
ENDPOINTS: Final = {"alice": "vpc-alice", "bob": "vpc-bob"}
FILE: Final = re.compile(r"^```\w+\n# (/etc/\S+) on (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK: Final = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP: Final = re.compile(rf"^(?=(?:{'|'.join(HOSTS)})\$ )", re.MULTILINE)
AGAIN: Final = re.compile(r"peering (wait|inbox|why)|healthy")
"""What may be typed again until it says what the page shows."""

PLANTED: Final = {
    "authority": ("no-authority.pem", "etc/peering/ca.pem", "cannot be read ("),
    "password": ("PASSWORD-OF-ALICE", "PASSWORD-OF-BOB", "refuses the login: ACCESS_REFUSED"),
    "host": ("brokr.example.net", "broker.example.net", "can't be reached: "),
    "vhost": ("example.net/peerin", "example.net/peering", "NOT_ALLOWED - vhost peerin not found"),
}
"""By name: what stands there instead of what, and what the log says."""


@dataclass
class Installation:
    """The three hosts with the files of the page, each in a folder that stands for its root."""

    folder: Path
    network: Network
    exports: dict[str, list[str]] = field(default_factory=lambda: {host: [] for host in HOSTS})
    typed: int = 0

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

    def follow(self, begin: str, end: str) -> None:
        """Type what a part of the page has typed, and compare what is printed where the page shows it."""
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
        self.typed += len(steps)

    def unit(self, host: str) -> dict[str, str]:
        """The systemd unit of a host's worker."""
        text = self.here(host, UNIT.read_text()).replace("%i", ENDPOINTS[host])
        return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))

    def settings(self, host: str) -> dict[str, str]:
        """What the unit and its file tell the worker."""
        unit = self.unit(host)
        lines = [*unit["Environment"].split(), *Path(unit["EnvironmentFile"]).read_text().splitlines()]
        return dict(line.split("=", 1) for line in lines)

    def start_worker(self, host: str) -> Watchdog:
        """Start a host's worker as its unit says; it ends with this process."""
        unit = self.unit(host)
        for folder in (f"var/lib/{unit['StateDirectory']}", f"run/{unit['RuntimeDirectory']}"):
            (self.root(host) / folder).mkdir(parents=True, exist_ok=True)
        return self.run_unit(host, self.settings(host), self.root(host) / "worker.log")

    def run_unit(self, host: str, settings: dict[str, str], log: Path) -> Watchdog:
        """Run what the unit runs, with these settings."""
        command = self.unit(host)["ExecStart"].replace("${PEERING_ROLE}", settings["PEERING_ROLE"])
        line = shlex.join(self.network.hosts[host].command(*command.split()))
        return Watchdog([line], self.environment(host) | settings, self.root(host), log)


def own_programs(installation: Installation, node: Node) -> None:
    """Have `rabbitmqctl` on the broker's host speak with the node there."""
    script = installation.root("broker") / "bin" / "rabbitmqctl"
    exports = [f"export {name}={shlex.quote(value)}" for name, value in node.environment.items() if name != "PATH"]
    command = shlex.join(node.command("rabbitmqctl")[len(node.host.command()) :])
    script.write_text("\n".join(["#!/bin/sh", *exports, f'exec {command} "$@"', ""]))
    script.chmod(0o755)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Three hosts on which an operator has typed the page from its beginning up to its causes."""
    folder = tmp_path_factory.mktemp("operations")
    with Network() as network, ExitStack() as running:
        for host in HOSTS:
            network.add(host)
            (folder / host / "bin").mkdir(parents=True)
        network.name()
        made = Installation(folder, network)
        made.write()
        made.follow("Certificates", "The broker")
        for host in ENDPOINTS:
            (made.root(host) / CA).write_bytes((made.root("broker") / CA).read_bytes())
        configuration = (made.root("broker") / "etc/rabbitmq/rabbitmq.conf").read_text()
        (node,) = running.enter_context(brokers(folder / "rabbitmq", [network.hosts["broker"]], configuration))
        own_programs(made, node)
        made.follow("The broker", "Workers")
        for host in ENDPOINTS:
            running.callback(made.start_worker(host).kill)
        made.follow("Workers", "When something is wrong")
        yield made


def test_an_operator_who_types_the_page_has_two_ends_that_agree(installation: Installation) -> None:
    assert installation.typed == len(re.findall(rf"^(?:{'|'.join(HOSTS)})\$ ", PAGE, re.MULTILINE)) > 20


@pytest.mark.parametrize("planted", PLANTED)
def test_a_workers_log_says_what_is_wrong_in_the_words_of_the_page(installation: Installation, planted: str) -> None:
    """One more worker on bob's host, which has what is planted and the rest of his."""
    wrong, right, says = PLANTED[planted]
    assert says in PAGE
    (installation.root("bob") / "no-authority.pem").write_text("no certificate")
    settings = installation.settings("bob") | {"PEERING_STORE": f"{installation.root('bob')}/{planted}.sqlite"}
    settings = {name: value.replace(right, wrong) for name, value in settings.items()}
    log = installation.root("bob") / f"{planted}.log"
    worker = installation.run_unit("bob", settings, log)
    try:
        wait_for_blocking(log.read_text, LIMIT_SECONDS, until=lambda said: says in said)
    finally:
        worker.kill()
