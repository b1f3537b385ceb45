"""The test of `peering-lab soak`: a short run of the real thing, in which nothing grows."""

import json
import subprocess
from pathlib import Path

from tests.end_to_end.programs import LAB, REPOSITORY, running_with, surroundings


def test_a_short_run_is_flat_and_leaves_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*LAB, "soak", "--seconds", "10", "--json"],
        cwd=REPOSITORY,
        env=surroundings(TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["grown"]) == (0, []), ended.stdout + ended.stderr
    assert told["payloads"] >= 200
    assert told["suspensions"] >= 1
    written = [one["stores_mib"] + one["logs_mib"] for one in told["thirds"]]
    assert [one["memory_mib"] > 0 for one in told["thirds"]] == [True] * 3
    assert min(written) > 0, "all of the first seconds may still stand in the logs"
    assert list(tmp_path.iterdir()) == []
    assert running_with(str(tmp_path)) == []
