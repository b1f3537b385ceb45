"""Tests of mistakes in typing: a clear answer, and exit code 2."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from console import cli
from console.commands import faults, fields, lifecycle, options, running
from console.faults import model
from console.statuses import COLOURS
from console.topology import load
from console.topology.context import CONTEXT_FILE
from shared.protocol.words import Status
from shared.wire import forms, views
from tests.unit.peering_program import Peering, program


@pytest.fixture
def peering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peering]:
    yield from program(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["show", "RI"],
        ["create"],
        ["create", "--both", "--from", "vpc-a"],
        ["create", "--endpoint", "lan-a"],
        ["create", "--endpoint", "vpc-a", "--id", "x"],
        ["create", "--endpoint", "vpc-a", "--name", "a\x1bb"],
        ["configure", "ri-a", "--peer", "ri-b"],
        ["wait", "ri-a", "--status", "Up"],
        ["initiate"],
        ["show", "--as", "nobody"],
        ["show", "--topology", "none.yaml"],
        ["broker", "start", "--for", "soon"],
        ["broker", "start", "--for", "25h"],
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_sentence(peering: Peering, words: list[str]) -> None:
    result = peering(*words, code=2)
    assert len(result.stderr) > 20
    assert "Traceback" not in result.output


def test_a_peer_without_its_endpoint_is_told_how_to_name_one(peering: Peering) -> None:
    said = " ".join(peering("configure", "ri-a", "--peer", "ri-b", code=2).stderr.replace("│", " ").split())
    assert "the peer is named with its endpoint, ri-b@vpc-… or ri-b@vbr-…." in said


def test_where_nothing_is_known_the_command_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner(env={"PEERING_BROKER_URL": ""}).invoke(cli.make_app(), ["show"])
    assert result.exit_code == 2
    assert "peering up TOPOLOGY.yaml" in result.stderr


def test_the_running_context_is_found(peering: Peering, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = peering.topology.parent
    (folder / CONTEXT_FILE).parent.mkdir()
    (folder / CONTEXT_FILE).write_text(load(peering.topology).model_dump_json())
    monkeypatch.chdir(folder)
    result = CliRunner(env={"PEERING_TOPOLOGY": ""}).invoke(cli.make_app(), ["worker", "vpc-a"])
    assert result.exit_code == 0
    assert "vpc-a" in result.stdout


def test_an_interrupted_command_ends_quietly_with_130() -> None:
    async def interrupted(_: object) -> int:
        await asyncio.sleep(0)
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as caught:
        running.run_plainly(False, interrupted)  # noqa: FBT003 - not JSON
    assert caught.value.exit_code == 130


def test_no_traceback_reaches_a_user(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_typed: str) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(cli, "make_app", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "a fault of this program, not yours: RuntimeError: a fault" in capsys.readouterr().err


@pytest.mark.parametrize("entry", cli.COMMANDS, ids=lambda entry: entry.function.__name__)
def test_help_names_the_fields_and_gives_an_example(entry: cli.Entry) -> None:
    result = CliRunner(env={"COLUMNS": "400", "NO_COLOR": "1"}).invoke(cli.make_app(), [*entry.words, "--help"])
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert f"--json prints: {entry.fields}" in said
    assert f"Example: {entry.example}" in said


def test_the_fields_that_help_names_are_those_of_the_views() -> None:
    def names(text: str) -> set[str]:
        return set(re.sub(r" \{[^}]*\}", "", text).split(", "))

    assert names(fields.INTERFACE) == set(views.InterfaceView.model_fields)
    assert names(fields.PEER) == set(views.PeerView.model_fields)
    assert names(fields.TIMELINE_ROW) == set(views.TimelineRow.model_fields)
    assert names(fields.PAYLOAD) == set(views.PayloadView.model_fields)
    assert names(fields.WORKER) == set(views.WorkerView.model_fields)
    assert names(fields.FAULT) == set(model.StandingFault.model_fields)
    assert names(fields.HELD) == set(model.HeldMessage.model_fields)
    assert set(faults.DEEDS) == model.BY_MESSAGE | model.WHOLE_WIRE | model.TO_WORKER


def test_what_is_checked_early_is_what_workers_check() -> None:
    def pattern(form: Any) -> str:  # noqa: ANN401 - an annotated type
        return str(form.__metadata__[0].pattern).strip("^$")

    assert options._INTERFACE.pattern == pattern(forms.InterfaceId)
    assert options._ENDPOINT.pattern == pattern(forms.EndpointId)
    assert options._WORD.pattern == pattern(forms.AccountId) == pattern(forms.RegionId)
    assert set(Status) == set(COLOURS)
    assert forms.Name.__metadata__[0].max_length == lifecycle.NAME_LIMIT_CHARACTERS  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"), [([], "Set up and change:"), (["up"], "Options:"), (["fault", "add"], "Options:")]
)
def test_help_imports_nothing_heavy(words: list[str], said: str) -> None:
    program = (
        "import sys, peering_handshake.__main__, console.cli\n"
        f"sys.argv = ['peering', *{words}, '--help']\n"
        "try: console.cli.main()\n"
        "finally: print([m for m in ('aio_pika', 'asyncio', 'email', 'httpx', 'pydantic', 'rich', 'structlog', 'yaml')"
        " if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    began = time.monotonic()
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    *shown, loaded = told.stdout.splitlines()
    assert said in shown
    assert loaded == "[]"
    assert time.monotonic() - began < 10
