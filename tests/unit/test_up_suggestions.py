"""Tests of what `peering up` says to type next, in a terminal that knows nothing of the first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from console.commands.work.up import suggestions
from console.topology import load

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment that nobody has activated, in a folder whose name has a space."""
    found = tmp_path / "a clone" / ".venv" / "bin" / "peering"
    found.parent.mkdir(parents=True)
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(found.with_name("python")))
    monkeypatch.setenv("PATH", "/usr/bin")
    return found


def test_what_to_type_can_be_typed_in_any_folder(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = suggestions(load(EXAMPLES / "cross-account.yaml"), Path(".peering/context.json"))
    assert typed[:2] == [
        f"export PATH='{program.parent}':$PATH",
        f"export PEERING_TOPOLOGY={tmp_path}/.peering/context.json",
    ]
    assert "peering initiate ri-one" in typed


def test_a_program_that_is_found_already_needs_no_path(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin")
    typed = suggestions(load(EXAMPLES / "same-account.yaml"), Path("/run/context.json"))
    assert typed == [
        "export PEERING_TOPOLOGY=/run/context.json",
        "peering create --both --from vpc-office --to vpc-archive",
        "peering show",
        "peering watch",
    ]
