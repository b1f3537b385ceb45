"""Tests of how a topology finds its broker, as far as that goes without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.stack import own_broker
from console.stack.brokers import WARM_VARIABLE, find_broker
from console.stack.errors import StackRefused
from console.stack.private_folder import marked_folder, only_user
from console.stack.warm import Warm, warm_broker
from console.topology import load
from shared.broker.errors import ControlPlaneUnreachable

EXAMPLE = Path(__file__).parents[2] / "examples" / "cross-account.yaml"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"\xff\xfe"])
async def test_damaged_passwords_are_a_sentence_with_the_file(tmp_path: Path, content: bytes) -> None:
    """As a machine leaves the file that loses power; it was called an error of this program."""
    (tmp_path / "passwords.json").write_bytes(content)
    with pytest.raises(StackRefused, match=r"passwords\.json cannot be read: .*Remove it"):
        await find_broker(load(EXAMPLE), tmp_path, lambda _: None, {})


@pytest.mark.parametrize("left", ["", "{", "whole"])
async def test_what_a_killed_keeper_left_is_no_warm_broker(tmp_path: Path, left: str) -> None:
    marked_folder(tmp_path / "warm")
    warm = Warm(address="amqp://127.0.0.1:1", kind="private", administrator="http://a:b@h", until=0.0, keeper=1)
    (tmp_path / "warm" / "warm.json").write_text(warm.model_dump_json() if left == "whole" else left)
    assert warm_broker(tmp_path / "warm") is None
    with pytest.raises(StackRefused, match=r"no broker is warm in .*warm: `peering broker start"):
        await find_broker(load(EXAMPLE), tmp_path, lambda _: None, {WARM_VARIABLE: str(tmp_path / "warm")})
    with only_user(tmp_path / "warm", "test"):
        assert (warm_broker(tmp_path / "warm") == warm) is (left == "whole")


@pytest.mark.parametrize("warm", [True, False])
async def test_how_long_a_broker_makes_queues_is_said_before_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, warm: bool
) -> None:
    """Of a broker that runs already, and where nobody answers here."""
    monkeypatch.setattr(own_broker, "LONG_SECONDS", 0)
    heard: list[str] = []
    place = tmp_path / "warm"
    marked_folder(place)
    nobody = Warm(
        address="amqp://127.0.0.1:1", kind="private", administrator="http://a:b@127.0.0.1:1", until=0, keeper=1
    )
    (place / "warm.json").write_text(nobody.model_dump_json())
    named = {"PEERING_BROKER_URL": nobody.address, "PEERING_MANAGEMENT_URL": nobody.administrator}
    environment = {WARM_VARIABLE: str(place)} if warm else named
    with only_user(place, "test"), pytest.raises(ControlPlaneUnreachable):
        await find_broker(load(EXAMPLE), tmp_path, heard.append, environment)
    assert [one.partition(":")[0] for one in heard] == ["broker", "queues"]
