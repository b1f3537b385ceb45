"""The program `peering` under test: from its words to its exit code, with the broker alone faked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console import cli
from console.client import following
from tests.unit.console_world import ENDPOINTS, TOPOLOGY, World


class Peering:
    """The program, in a world without a broker."""

    def __init__(self, world: World, topology: Path) -> None:
        self.world, self.topology = world, topology

    def __call__(self, *words: str, acting: str = "", stdin: bytes = b"", code: int = 0) -> Result:
        """Run a command and expect its exit code."""
        environment = {"PEERING_TOPOLOGY": str(self.topology), "PEERING_ACCOUNT": acting, "COLUMNS": "120"}
        result = CliRunner(env=environment).invoke(cli.make_app(), list(words), input=stdin)
        assert result.exit_code == code, (words, result.exit_code, result.output, result.exception)
        return result

    def json(self, *words: str, acting: str = "", stdin: bytes = b"", code: int = 0) -> dict[str, Any]:
        """Run a command and read what it prints as JSON."""
        result = self(*words, "--json", acting=acting, stdin=stdin, code=code)
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def connect(self) -> None:
        """The cross-account story, up to Activated."""
        self("create", "--endpoint", "vpc-a", "--id", "ri-a")
        self("create", "--endpoint", "vpc-b", "--id", "ri-b")
        self("configure", "ri-a", "--peer", "ri-b@vpc-b", "--peer-account", "1002")
        self("configure", "ri-b", "--peer", "ri-a@vpc-a", "--peer-account", "alice")
        self("initiate", "ri-a")


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peering]:
    """The program in a new world; the caller's fixture ends it."""
    world = World(tmp_path)
    for endpoint in ENDPOINTS:
        world.add(endpoint)

    world.stand_in(monkeypatch)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.02)
    file = tmp_path / "topology.yaml"
    file.write_text(TOPOLOGY)
    yield Peering(world, file)
    world.close()
