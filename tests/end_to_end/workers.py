"""The worker processes of the tests, started as an owner starts them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.broker.address import BrokerAddress
from shared.broker.topology import Account
from tests.integration.broker_ladder import BrokerForTests
from tests.waiting import wait_for_blocking

LIMIT_SECONDS = 90.0
QUICK = ("--resend-first-seconds", "0.2", "--resend-limit-seconds", "1")
"""What would be said again after half a second to eight is said again sooner, so that tests need not wait."""

ROOT = Path(__file__).parents[2]

Answer = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """Where a worker works: its endpoint, who owns it, and in which role."""

    role: str
    endpoint: str
    account: Account
    region: str = "cn-hangzhou"

    def peer(self, interface: str) -> dict[str, str]:
        """Peer information that names an interface here."""
        owner = self.account.uid
        return {"interface": interface, "endpoint": self.endpoint, "account": owner, "region": self.region}


def fresh_id(prefix: str = "ri") -> str:
    """Make an id that no other test has."""
    return f"{prefix}-{secrets.token_hex(5)}"


def broker_url(address: BrokerAddress, account: Account) -> str:
    """Write where a worker of this account logs in."""
    return f"amqp://{account.uid}:{account.password}@{address.places}/{address.vhost}"


@dataclass
class WorkerProcess:
    """One worker of one site; started again, it is the same worker, because its store is the same.

    `programs` is the folder of the programs that it is started from: another one for another version.
    `within` is the command that starts it, for one on a host of its own.
    """

    site: Site
    address: BrokerAddress
    folder: Path
    senders: Sequence[str]
    flags: Sequence[str] = QUICK
    within: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    programs: Path = ROOT

    @property
    def store(self) -> Path:
        """Where it remembers."""
        return self.folder / f"{self.site.endpoint}.sqlite"

    @property
    def log(self) -> Path:
        """Where its log goes."""
        return self.folder / f"{self.site.endpoint}.log"

    @property
    def arguments(self) -> list[str]:
        """Write its flags."""
        site = self.site
        named = {"endpoint": site.endpoint, "account": site.account.uid, "region": site.region}
        named |= {"store": str(self.store), "accept-from": ",".join(self.senders)}
        return [part for name, value in named.items() for part in (f"--{name}", value)] + [*self.flags]

    def start(self, module: Sequence[str] = ()) -> WorkerProcess:
        """Start it, as the shipped program unless another module is named."""
        environment = {**os.environ, "PEERING_BROKER": broker_url(self.address, self.site.account)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "-m", *(module or (self.site.role,)), *self.arguments],
                env=environment,
                cwd=self.programs,
                stderr=log,
            )
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running().send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would; one that has ended already is left alone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return self._running().wait(LIMIT_SECONDS)

    def lines(self, event: str | None = None) -> list[Answer]:
        """Read its log: all lines, or those of one kind; a line that is still being written is for the next reader."""
        whole = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        lines = [json.loads(line) for line in whole if line.startswith("{")]
        return [line for line in lines if event in (None, line["event"])]

    def wait_for_lines(self, event: str, count: int = 1, limit_seconds: float = LIMIT_SECONDS) -> list[Answer]:
        """Wait until its log holds that many lines of one kind, without any event loop."""
        return wait_for_blocking(
            lambda: self.lines(event),
            limit_seconds,
            until=lambda found: len(found) >= count,
            what=f"{count} x {event!r} in {self.log}",
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise AssertionError(f"{self.site.endpoint} was never started")
        return self.process


@dataclass
class Crew:
    """Workers that share a broker and a folder, and end with the test that started them."""

    address: BrokerAddress
    folder: Path
    senders: Sequence[str]
    workers: list[WorkerProcess] = field(default_factory=list)

    def worker(self, site: Site, *flags: str) -> WorkerProcess:
        """Describe a worker, not started yet."""
        worker = WorkerProcess(site, self.address, self.folder, self.senders, (*QUICK, *flags))
        self.workers.append(worker)
        return worker

    def start(self, *sites: Site, flags: Sequence[str] = ()) -> list[WorkerProcess]:
        """Start workers for these sites, all at once, and wait until they consume."""
        started = [self.worker(site, *flags).start() for site in sites]
        for worker in started:
            worker.wait_for_lines("ready")
        return started


@contextmanager
def crew(broker: BrokerForTests, folder: Path, senders: Sequence[Account]) -> Iterator[Crew]:
    """Have workers for the length of a block."""
    gathered = Crew(broker.administrator_address, folder, [account.uid for account in senders])
    try:
        yield gathered
    finally:
        for worker in gathered.workers:
            worker.kill()
