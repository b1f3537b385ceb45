"""Tests of the wheel, installed beside a project with packages of our names and the oldest dependencies we claim."""

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, read_until, running_with, surroundings

LOWEST: Final = REPOSITORY / "tests/end_to_end/lowest.txt"
CROSS_ACCOUNT: Final = REPOSITORY / "examples/cross-account.yaml"
TAKEN: Final = ("shared", "console", "initiator", "acceptor")
CLIENT_NEEDS: Final = ("httpx", "httpcore", "h11", "certifi", "idna", "anyio", "sniffio", "typing_extensions")


def run(*command: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**surroundings(), "PYTHONPATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


class Theirs:
    """Somebody else's project: a virtual environment, and a folder in which commands are typed."""

    def __init__(self, folder: Path) -> None:
        """Make both, with packages called like our programs in the folder and installed."""
        self.project = folder / "project"
        run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder).check_returncode()
        self.bin = folder / "venv/bin"
        (self.packages,) = folder.glob("venv/lib/python3*/site-packages")
        (self.lowest,) = REPOSITORY.glob(".venv/lowest/lib/python3*/site-packages")
        for place in (self.project, self.packages):
            for name in TAKEN:
                (place / name).mkdir(parents=True)
                (place / name / "__init__.py").write_text(f"OWNER = 'theirs, in {place.name}'\n")

    def pip(self, *words: object) -> None:
        """Let our pip do something in their environment, without a network."""
        ended = run(sys.executable, "-m", "pip", "--python", self.bin / "python", *words, folder=self.packages)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def have(self, *names: str) -> None:
        """Install some of the oldest packages, as links, with what pip knows them by."""
        for name in names:
            for found in (
                *self.lowest.glob(f"{name}*.dist-info"),
                *self.lowest.glob(name),
                *self.lowest.glob(f"{name}.py"),
            ):
                (self.packages / found.name).symlink_to(found)

    def have_all(self) -> None:
        """Install all of the oldest packages."""
        (self.packages / "lowest.pth").write_text(str(self.lowest))

    def files(self) -> Mapping[str, str]:
        """Every file of theirs, with its hash."""
        return {
            str(file): hashlib.sha256(file.read_bytes()).hexdigest()
            for place in (self.project, self.bin, self.packages)
            for file in place.rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }

    def peering(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Type `peering …` in their folder, with PYTHONPATH leading there."""
        return run(self.bin / "peering", *words, folder=self.project, PYTHONPATH=str(self.project))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The wheel as it would be published."""
    folder = tmp_path / "wheel"
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=REPOSITORY).check_returncode()
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Theirs]:
    """A project that lives beside ours, and finds everything of its own unchanged when ours is gone."""
    subprocess.run([str(REPOSITORY / "scripts/bootstrap"), "lowest"], check=True, timeout=600, stdin=subprocess.DEVNULL)
    made = Theirs(tmp_path)
    before = made.files()
    yield made
    made.pip("uninstall", "--yes", "peering-handshake")
    for added in (*made.packages.glob("lowest.pth"), *(one for one in made.packages.iterdir() if one.is_symlink())):
        added.unlink()
    assert made.files() == before


@pytest.mark.timeout(400)
def test_it_runs_beside_a_project_with_its_names_and_leaves_nothing_changed(theirs: Theirs, wheel: Path) -> None:
    theirs.have(*CLIENT_NEEDS)
    theirs.pip("install", "--no-index", wheel)
    assert {one.name for one in theirs.packages.glob("peering*")} | set(TAKEN) == {
        one.name for one in theirs.packages.iterdir() if not one.is_symlink()
    }
    without = theirs.peering("show")
    assert (without.returncode, without.stdout) == (2, ""), without.stderr
    assert re.fullmatch(r"peering: .*aio_pika.*: pip install 'peering-handshake\[server\]'\n", without.stderr)
    type_check(theirs)

    theirs.have_all()
    theirs.pip("install", "--no-index", f"{wheel}[server]")
    handshake(theirs)
    said = run(theirs.bin / "python", "-c", "import shared; print(shared.OWNER)", folder=theirs.bin)
    assert said.stdout == "theirs, in site-packages\n"


def handshake(theirs: Theirs) -> None:
    """Run a simulator in their folder, with their modules in PYTHONPATH, until two ends are Activated."""
    folder = theirs.project.parent / "peering"
    words = ("up", CROSS_ACCOUNT, "--folder", folder, "--listen", "127.0.0.1:0", "--json")
    with subprocess.Popen(
        [str(theirs.bin / "peering"), *map(str, words)],
        cwd=theirs.project,
        env=surroundings(PYTHONPATH=str(theirs.project)),
        stdout=subprocess.PIPE,
        text=True,
    ) as up:
        try:
            read_until(up, event="ready")
            for typed in (
                "create --endpoint vpc-alice --id ri-one",
                "create --endpoint vpc-bob --id ri-two",
                "configure ri-one --peer ri-two@vpc-bob",
                "configure ri-two --peer ri-one@vpc-alice",
                "initiate ri-one",
                f"wait ri-two --status Activated --timeout {LIMIT_SECONDS:g}",
            ):
                ended = theirs.peering(*typed.split(), "--topology", folder / "context.json")
                assert ended.returncode == 0, (typed, ended.stdout, ended.stderr)
        finally:
            up.terminate()
            up.communicate(timeout=LIMIT_SECONDS)
    assert running_with(str(folder)) == []


USES: Final = """
import peering_handshake

reveal_type(peering_handshake)
"""


def type_check(theirs: Theirs) -> None:
    """Check a file of theirs, as strictly as can be, against what is installed."""
    file = theirs.project.parent / "uses.py"
    file.write_text(USES)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", theirs.bin / "python", file)
    said = run(*mypy, folder=file.parent)
    assert said.returncode == 0, said.stdout


def test_every_lower_bound_is_a_version_that_these_tests_run_with() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    pinned = dict(line.lower().replace("_", "-").split("==") for line in LOWEST.read_text().split())
    for needed in (*project["dependencies"], *project["optional-dependencies"]["server"]):
        name, bound = re.split(r">=|,", needed.lower())[:2]
        assert re.fullmatch(rf"{re.escape(bound)}(\.0)*", pinned[name]), needed
