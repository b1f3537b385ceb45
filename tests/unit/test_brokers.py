"""Tests of how a topology finds its broker, as far as that goes without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.stack.brokers import find_broker
from console.stack.errors import StackRefused
from console.topology import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "cross-account.yaml"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"\xff\xfe"])
async def test_damaged_passwords_are_a_sentence_with_the_file(tmp_path: Path, content: bytes) -> None:
    """As a machine leaves the file that loses power; it was called an error of this program."""
    (tmp_path / "passwords.json").write_bytes(content)
    with pytest.raises(StackRefused, match=r"passwords\.json cannot be read: .*Remove it"):
        await find_broker(load(EXAMPLE), tmp_path, lambda _: None, {})
