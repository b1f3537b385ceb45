"""The long runs are for people and machines with time; a short one says every day that the thing still holds."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.programs import running_with, type_command

CONNECTIONS = 40


@pytest.mark.timeout(180)
def test_a_short_run_breaks_much_and_loses_nothing(tmp_path: Path) -> None:
    words = ("--single", "--seconds", "12", "--connections", str(CONNECTIONS), "--seed", "11")
    ended = type_command("chaos", *words, "--json", environment={"TMPDIR": str(tmp_path)})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    (figures,) = told["stages"]
    assert told["broken"] == []
    assert told["folder"] is None
    assert told["faults"] == figures["faults_in_all"] == sum(figures["faults"].values()) >= 10
    assert figures["connections"] >= CONNECTIONS
    assert figures["handshakes"] >= CONNECTIONS
    assert figures["payloads_delivered"] + figures["payloads_dropped"] == figures["payloads_accepted"] > 0
    assert figures["before_calm"]["payloads delivered"] > 0
    assert list(tmp_path.iterdir()) == []
    assert running_with(str(tmp_path)) == []
