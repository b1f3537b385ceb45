"""The laws of floors and layers: import contracts, and the place of each third-party package."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.tidy.layers import LAYERS, imports, is_third_party, top
from tests.tidy.sources import ROOT, Source, assert_none, planted, python, texts

LATER = "console/commands/options.py"
SOMEBODY_ELSES = "examples/your-project/"  # a project with packages of its own
IMPORT_NAMES = {"pyyaml": "yaml"}  # where a distribution's name is not the name that one imports


def strays(sources: Iterable[Source]) -> Iterator[str]:
    """Find imports of a package outside of its layer, or of one that has none."""
    for source in sources:
        if source.path.startswith(SOMEBODY_ELSES):
            continue
        for node, module, _name in imports(source):
            package = top(module)
            if package not in LAYERS:
                if is_third_party(package):
                    yield source.at(node, f"{package} is in no layer: give it one in tests/tidy/layers.py")
            elif not source.is_test and not source.path.startswith(LAYERS[package] or ("tests/",)):
                yield source.at(node, f"{package} belongs in {', '.join(LAYERS[package]) or 'tests/'}")


def undeclared(layers: Iterable[str], dependencies: Iterable[str]) -> Iterator[str]:
    """Find dependencies that have no layer: nobody imports them, or anybody may."""
    for requirement in dependencies:
        name = re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("-", "_")
        if IMPORT_NAMES.get(name, name) not in layers:
            yield f"pyproject.toml: {name} is a dependency and has no layer in tests/tidy/layers.py"


def unpinned(sources: Iterable[Source]) -> Iterator[str]:
    """Find lines of constraints.txt that are not `name==version`."""
    for source in sources:
        if source.path == "constraints.txt":
            for number, line in enumerate(source.text.splitlines(), 1):
                if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line):
                    yield source.at(number, f"is not a pin: {line}")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in `folder`, with this repository's contracts."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "NO_COLOR": "1"},
        check=False,
        capture_output=True,
        text=True,
    )


def plant_house(folder: Path) -> None:
    """Lay out the least house that the contracts know, with nothing in it."""
    floors = (f"shared/{floor}" for floor in ("", "protocol", "wire", "store", "broker", "runtime"))
    console = (
        "commands",
        "scenario",
        "demo",
        "trace",
        "faults",
        "screen",
        "stack",
        "client",
        "topology",
        "statuses",
        "command_server",
        "cli",
        "web",
        "web/cloud",
        "web/page",
    )
    web = (
        "serving",
        "app",
        "peering",
        "metrics",
        "site",
        "guard",
        "access_token",
        "connections",
        "listening",
        "errors",
    )
    lab = ("", "cli", "commands", "generate", "chaos", "soak", "simulate", "explore", "bench", "bench/baselines")
    houses = [f"console/{part}" for part in ("", *console, *(f"web/{one}" for one in web))]
    for package in ("initiator", "acceptor", "peering_handshake", *houses, *(f"lab/{part}" for part in lab), *floors):
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / "__init__.py").touch()
    for module in ("initiator/handshake.py", "acceptor/handshake.py", "shared/broker/amqp.py"):
        (folder / module).touch()


def test_law_5_third_party_packages_are_imported_in_their_layer_only() -> None:
    assert_none(strays(python()))


def test_law_5_every_dependency_has_a_layer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert_none(undeclared(LAYERS, [*project["dependencies"], *project["optional-dependencies"]["server"]]))


def test_constraints_are_exact_pins_and_nothing_else() -> None:
    assert_none(unpinned(texts()))


def test_laws_1_and_5_the_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def unseen_imports(sources: Iterable[Source]) -> Iterator[str]:
    """Find modules that are imported late by name, without the import for type checkers that the contracts see."""
    for source in sources:
        seen = {f"{module}.{name}" for _, module, name in imports(source)}
        for node in ast.walk(source.tree):
            if source.is_test or not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called == "Later" and ast.literal_eval(node.args[0]) not in seen:
                yield source.at(node, f"imports {ast.unparse(node.args[0])} unseen by the contracts")
            elif called.endswith(("import_module", "__import__")) and source.path != LATER:
                yield source.at(node, "imports by name: use Later, beside an import under TYPE_CHECKING")


def test_law_1_what_is_imported_late_is_seen_by_the_contracts() -> None:
    assert_none(unseen_imports(python()))


def test_an_import_that_the_contracts_do_not_see_is_caught() -> None:
    assert list(unseen_imports(planted("console/commands/up.py", "work = Later('console.web')\n")))
    assert list(unseen_imports(planted("console/cli.py", "import importlib\nimportlib.import_module('console.web')\n")))
    seen = "if TYPE_CHECKING:\n    from console import web\nelse:\n    web = Later('console.web')\n"
    assert not list(unseen_imports(planted("console/commands/up.py", seen)))


def test_a_stray_import_is_caught() -> None:
    assert list(strays(planted("shared/store/file.py", "from pydantic import BaseModel\n")))
    assert list(strays(planted("shared/runtime/worker.py", "import aio_pika.abc\n")))
    assert list(strays(planted("console/cli.py", "def f():\n    import pytest\n")))
    assert list(strays(planted("tests/unit/test_a.py", "import numpy\n")))
    assert not list(strays(planted("shared/broker/amqp.py", "import aio_pika\nimport json\n")))
    assert not list(strays(planted("tests/unit/test_a.py", "import aio_pika\nimport shared.wire\n")))


def test_a_dependency_without_a_layer_is_caught() -> None:
    assert list(undeclared({"yaml"}, ["numpy>=2"]))
    assert not list(undeclared({"yaml", "pydantic_settings"}, ["PyYAML>=6", "pydantic-settings>=2,<3"]))


def test_a_line_that_is_no_pin_is_caught() -> None:
    assert list(unpinned(planted("constraints.txt", "a==1\n-e .\n")))
    assert list(unpinned(planted("constraints.txt", "a>=1\n")))
    assert not list(unpinned(planted("constraints.txt", "a-b==1.0.post2\n")))


def test_an_empty_house_keeps_the_contracts(tmp_path: Path) -> None:
    plant_house(tmp_path)
    (tmp_path / "shared/broker/amqp.py").write_text("import aio_pika\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("path", "line", "law"),
    [
        ("initiator/handshake.py", "import acceptor.handshake", "law 1: lab > peering_handshake > console"),
        ("console/__init__.py", "import peering_handshake", "law 1: lab > peering_handshake > console"),
        ("peering_handshake/__init__.py", "import shared", "law 1: the public package"),
        ("shared/__init__.py", "import console", "law 1: lab > peering_handshake > console"),
        ("console/cli/__init__.py", "import lab", "law 1: lab > peering_handshake > console"),
        ("console/client/__init__.py", "import console.stack", "law 1: inside console:"),
        ("console/web/cloud/__init__.py", "import console.web.page", "law 1: inside console.web"),
        ("console/web/page/__init__.py", "import console.web.app", "law 1: inside console.web"),
        ("lab/bench/__init__.py", "import lab.explore", "law 1: inside lab"),
        ("lab/explore/__init__.py", "import lab.simulate", "law 1: inside lab"),
        ("shared/wire/__init__.py", "import shared.store", "law 1: inside shared"),
        ("shared/broker/__init__.py", "import shared.store", "law 1: inside shared"),
        ("acceptor/handshake.py", "import random", "law 4"),
        ("shared/protocol/__init__.py", "import shared.wire", "law 4"),
        ("shared/runtime/__init__.py", "import aio_pika", "law 5: aio-pika"),
        ("shared/broker/amqp.py", "import sqlite3", "law 5: sqlite3"),
        ("initiator/__init__.py", "import rich.table", "law 5: typer"),
        ("shared/store/__init__.py", "import pydantic", "law 5: no pydantic"),
        ("shared/wire/__init__.py", "import structlog", "law 5: structlog"),
        ("shared/runtime/__init__.py", "import fastapi", "law 5: the HTTP server"),
        ("console/__init__.py", "import uvicorn", "law 5: the HTTP server"),
    ],
)
def test_a_contract_breaks_on_a_planted_import(tmp_path: Path, path: str, line: str, law: str) -> None:
    plant_house(tmp_path)
    (tmp_path / path).write_text(f"{line}\n")
    said = " ".join(lint_imports(tmp_path).stdout.split())
    broken = [f"law {verdict}" for verdict in said.split(" law ")[1:] if "BROKEN" in verdict]
    assert any(verdict.startswith(law) for verdict in broken), said
