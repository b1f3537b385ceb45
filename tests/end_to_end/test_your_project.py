"""Tests of the example project, installed from the wheel: its three styles pass, and catch its bug."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.programs import REPOSITORY, surroundings

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

EXAMPLE: Final = REPOSITORY / "examples" / "your-project"
LIMIT_SECONDS: Final = 600.0
STYLES: Final = {
    "fixtures": ("pytest", "-q", "tests/test_with_fixtures.py"),
    "container": ("pytest", "-q", "tests/test_in_a_container.py"),
    "scenario": ("peering", "run", "tests/half-open.yaml"),
}
RIGHT, WRONG = "ends = [initiating, accepting]", "ends = [initiating]"
CAUGHT: Final = {
    "fixtures": "DID NOT RAISE",
    "container": "DID NOT RAISE",
    "scenario": "says that the link is up, and it does not exist",
}


class Project:
    """The example in a virtual environment of its own, into which the wheel is installed."""

    def __init__(self, folder: Path, image: str) -> None:
        """Copy it, and install it with what its tests need."""
        self.folder, self.bin = folder / "project", folder / "venv" / "bin"
        engine = {name: value for name, value in surroundings().items() if name != "PYTHONPATH"}
        self.environment = {**engine, "PATH": f"{self.bin}:{engine['PATH']}", "PEERING_IMAGE": image}
        shutil.copytree(EXAMPLE, self.folder)
        wheel = folder / "wheel"
        self.typed(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheel), where=REPOSITORY)
        self.typed(sys.executable, "-m", "venv", str(folder / "venv"))
        (built,) = wheel.glob("*.whl")
        (given,) = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["optional-dependencies"]["test"][
            :1
        ]
        wanted = f"peering-handshake{given.removeprefix('peering-handshake')} @ {built.as_uri()}"
        pip = ("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        self.typed(*pip, wanted, "--editable", ".[test]", "--constraint", str(REPOSITORY / "constraints.txt"))

    def ended(self, *command: str, where: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Type a command in the project, and wait for its end."""
        return subprocess.run(
            command,
            cwd=where or self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )

    def typed(self, *command: str, where: Path | None = None) -> None:
        """Type a command that has to end well."""
        ended = self.ended(*command, where=where)
        assert ended.returncode == 0, ended.stdout

    def write(self, old: str, new: str) -> None:
        """Change a line of the controller."""
        file = self.folder / "link_controller.py"
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def project(image: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("your"), image)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_passes_with_the_right_controller_and_catches_the_wrong_one(project: Project, style: str) -> None:
    project.typed(*STYLES[style])
    project.write(RIGHT, WRONG)
    try:
        ended = project.ended(*STYLES[style])
    finally:
        project.write(WRONG, RIGHT)
    assert ended.returncode == 1, ended.stdout
    assert CAUGHT[style] in ended.stdout


def test_its_glue_is_five_lines() -> None:
    programs = [*EXAMPLE.glob("*.py"), *EXAMPLE.glob("tests/*.py")]
    lines = [line for file in programs for line in file.read_text().splitlines()]
    assert sum(line.endswith("# glue") for line in lines) == 5
    assert {file.name for file in programs if "peering_handshake" in file.read_text()} <= {
        "simulated.py",
        "bring_up.py",
        "test_in_a_container.py",
    }
