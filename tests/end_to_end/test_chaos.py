"""Tests of `peering-lab chaos`: short runs of the real thing, which find nothing, and find what is planted."""

import json
import os
from pathlib import Path

from tests.end_to_end.programs import LAB, REPOSITORY, running_with, type_command

CONNECTIONS = 40


def test_a_short_run_breaks_much_and_loses_nothing(tmp_path: Path) -> None:
    words = ("--single", "--seconds", "12", "--connections", str(CONNECTIONS), "--seed", "11")
    ended = type_command("chaos", *words, "--json", environment={"TMPDIR": str(tmp_path)}, program=LAB)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    (figures,) = told["runs"]
    assert told["broken"] == []
    assert told["folder"] is None
    assert told["faults"] == figures["faults_in_all"] == sum(figures["faults"].values()) >= 10
    assert figures["connections"] >= CONNECTIONS
    assert figures["handshakes"] >= CONNECTIONS
    assert figures["payloads_delivered"] + figures["payloads_dropped"] == figures["payloads_accepted"] > 0
    assert figures["before_calm"]["payloads delivered"] > 0
    assert list(tmp_path.iterdir()) == []
    assert running_with(str(tmp_path)) == []


FORGETFUL = """
import sys
if sys.orig_argv[1:4] in (["-P", "-m", "initiator"], ["-P", "-m", "acceptor"]):
    from shared.store.memory import Memory
    Memory.remember = lambda self, request, reply: None
"""
"""Loaded by Python as it starts: workers, and nobody else, forget what they have answered."""


def test_a_run_with_forgetful_workers_fails_and_keeps_what_is_needed_to_see_why(tmp_path: Path) -> None:
    """The workers are the shipped ones but for one mistake, which only matters when somebody asks twice."""
    planted, temporary = tmp_path / "planted", tmp_path / "temporary"
    for folder in (planted, temporary):
        folder.mkdir()
    (planted / "sitecustomize.py").write_text(FORGETFUL)
    path = os.pathsep.join((str(planted), str(REPOSITORY)))
    words = ("--single", "--seconds", "4", "--connections", "10", "--seed", "12")
    ended = type_command("chaos", *words, environment={"TMPDIR": str(temporary), "PYTHONPATH": path}, program=LAB)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    said = " ".join(ended.stderr.split())
    assert "and does not remember it" in said
    assert "at seed 12, commit " in said
    (kept,) = temporary.iterdir()
    assert str(kept) in said
    assert (kept / "single" / "history.jsonl").stat().st_size > 0
    assert len(list((kept / "single" / "stores").glob("*/store.sqlite"))) == 3
    assert len(list((kept / "single" / "logs").glob("*.log"))) == 3
    assert running_with(str(temporary)) == []
