"""The programs that tests start, the commands that they type, and what was left running."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.waiting import wait_for_blocking

REPOSITORY: Final = Path(__file__).parents[2]
LIMIT_SECONDS: Final = 90.0
PATIENCE_SECONDS: Final = "60"
"""How long commands wait for a worker's answer, where the test says nothing else: a busy machine takes its time."""

OWN_BROKER: Final = {"PEERING_WARM_BROKER": ""}
"""For those that stop their broker, look at its process or files, or are about one that nobody named."""

PEERING: Final = (sys.executable, "-m", "console.cli")
LAB: Final = (sys.executable, "-m", "lab.cli")


def surroundings(**more: str) -> dict[str, str]:
    """The environment without anything that could lead to another broker, and with this repository's packages.

    But for a broker that the whole test run keeps warm (`make end-to-end` does); OWN_BROKER forbids that one, too.
    """
    warm = "PEERING_WARM_BROKER"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEERING_") or name == warm}
    return {
        **kept,
        "PYTHONPATH": str(REPOSITORY),
        "NO_COLOR": "1",
        "PEERING_PATIENCE_SECONDS": PATIENCE_SECONDS,
        **more,
    }


def type_command(
    *words: str,
    folder: Path = REPOSITORY,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = PEERING,
) -> subprocess.CompletedProcess[str]:
    """Type `peering …`, or a command of another program, and wait until it ends."""
    return subprocess.run(
        [*program, *words],
        cwd=folder,
        env=surroundings(**(environment or {})),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@dataclass(frozen=True)
class Terminal:
    """Where somebody types commands: in a folder, with a topology file or a running context."""

    folder: Path
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def type(self, *words: str) -> dict[str, Any]:
        """Type `peering …` and return what `--json` printed, with the exit code as `exit`."""
        ended = type_command(*words, *self.options, "--json", folder=self.folder, environment=self.environment)
        try:
            said: dict[str, Any] = json.loads(ended.stdout)
        except ValueError as error:
            raise AssertionError(f"peering {' '.join(words)}: {ended.stdout}{ended.stderr}") from error
        return {**said, "exit": ended.returncode}

    def done(self, *words: str) -> dict[str, Any]:
        """Type a command that has to succeed."""
        said = self.type(*words)
        assert said["exit"] == 0, said
        return said

    def refused(self, *words: str) -> str:
        """Type a command that has to be refused, and return the code."""
        said = self.type(*words)
        assert said["exit"] == 1, said
        return str(said["code"])

    def received(self, interface: str, *bodies: str) -> None:
        """Wait until an inbox holds exactly these payloads, in this order."""
        wait_for_blocking(
            lambda: [str(one["body"]) for one in self.done("inbox", interface)["payloads"]],
            LIMIT_SECONDS,
            until=lambda found: found == list(bodies),
        )

    def both_show(self, status: str, *interfaces: str) -> None:
        """Wait until interfaces show a status."""
        for interface in interfaces:
            self.done("wait", interface, "--status", status, "--timeout", str(LIMIT_SECONDS))


@dataclass(frozen=True)
class Up:
    """A running `peering up`."""

    program: subprocess.Popen[str]
    folder: Path
    url: str
    token: str
    keys: Sequence[dict[str, str]]
    processes: Sequence[dict[str, Any]]

    @property
    def terminal(self) -> Terminal:
        """A terminal beside it."""
        return Terminal(self.folder, ("--topology", str(self.folder / "context.json")))

    @property
    def page(self) -> str:
        """The address that it prints for a browser."""
        return f"{self.url}/?token={self.token}"

    @property
    def bearer(self) -> dict[str, str]:
        """What a program sends to be let in."""
        return {"Authorization": f"Bearer {self.token}"}

    def pid(self, name: str) -> int:
        """A process as it was when all was ready."""
        return next(int(one["pid"]) for one in self.processes if one["name"] == name)

    def read_until(self, **fields: object) -> dict[str, Any]:
        """Read what it says until a line has these fields."""
        return read_until(self.program, **fields)


def configured(terminal: Terminal, first: str, second: str) -> None:
    """Two ends that are configured and not initiated."""
    terminal.done("create", "--endpoint", "vpc-alice", "--id", first)
    terminal.done("create", "--endpoint", "vpc-bob", "--id", second)
    terminal.done("configure", first, "--peer", f"{second}@vpc-bob")
    terminal.done("configure", second, "--peer", f"{first}@vpc-alice")


def establish(up: Up) -> None:
    """Have Alice and Bob make an interface each, and connect them."""
    terminal = up.terminal
    terminal.done("create", "--endpoint", "vpc-alice", "--id", "ri-one")
    terminal.done("create", "--endpoint", "vpc-bob", "--id", "ri-two")
    terminal.done("configure", "ri-one", "--peer", "ri-two@vpc-bob")
    terminal.done("configure", "ri-two", "--peer", "ri-one@vpc-alice")
    terminal.done("initiate", "ri-one")
    terminal.both_show("Activated", "ri-one", "ri-two")


@contextmanager
def peering_up(topology: Path, folder: Path, *options: str, **environment: str) -> Iterator[Up]:
    """Run `peering up` until it is ready; it is ended afterwards, if it hasn't been."""
    program = subprocess.Popen(
        [*PEERING, "up", str(topology), "--folder", str(folder), "--json", *options],
        env=surroundings(**environment),
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        try:
            ready = read_until(program, event="ready")
            yield Up(program, folder, ready["url"], ready["token"], ready["keys"], ready["processes"])
        finally:
            program.terminate()
            program.communicate(timeout=LIMIT_SECONDS)


def read_until(program: subprocess.Popen[str], **fields: object) -> dict[str, Any]:
    """Read a program's lines until one has these fields."""
    heard = []
    for line in program.stdout or ():
        said: dict[str, Any] = json.loads(line)
        if all(said.get(name) == value for name, value in fields.items()):
            return said
        heard.append(line)
    raise AssertionError(f"never said {fields}, but: {''.join(heard)}")


def running_with(text: str) -> list[int]:
    """Find the living processes that have this text in their command line or environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if text.encode() in told and state not in "ZX" and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
