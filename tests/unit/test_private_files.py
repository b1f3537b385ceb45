"""Tests of the files of a private broker, as they are before it boots."""

from __future__ import annotations

import stat
from pathlib import Path

from shared.broker.private_files import Layout, Ports, write_files


def test_the_nodes_secret_is_drawn_here_and_its_owners_alone(tmp_path: Path) -> None:
    secrets = set()
    for number in range(2):
        layout = Layout(tmp_path / str(number), Ports(1, 2, 3, 4))
        write_files(layout, {})
        file = layout.folder / ".erlang.cookie"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        secrets.add(file.read_text())
    assert {len(secret) for secret in secrets} == {40}
    assert len(secrets) == 2
