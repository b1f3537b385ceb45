"""Tests of a worker's settings, and of how wrong ones are refused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from acceptor.handshake import ACCEPTOR
from initiator.handshake import INITIATOR
from shared.protocol.words import Kind
from shared.runtime.health import STALE_SECONDS, fresh, refresh
from shared.runtime.settings import WorkerSettings

NEEDED = {
    "endpoint": "vpc-a",
    "account": "alice",
    "region": "cn-hangzhou",
    "broker": "amqp://alice:secret@broker/peering",
    "store": "a.sqlite",
}


def settings(**changed: object) -> WorkerSettings:
    return WorkerSettings.model_validate(NEEDED | changed)


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(settings()) + str(settings())
    with pytest.raises(ValidationError) as refused:
        settings(broker="http://alice:secret@broker")
    assert "secret" not in str(refused.value.errors(include_input=False))


def test_every_setting_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"PEERING_{name.upper()}", value)
    monkeypatch.setenv("PEERING_ACCEPT_FROM", "bob,carol")
    assert WorkerSettings().senders == ["alice", "bob", "carol"]  # type: ignore[call-arg]  # from the environment


@pytest.mark.parametrize(
    ("account", "broker", "enforced"),
    [
        ("alice", "amqp://alice:p@broker", True),
        ("alice", "amqp://guest:guest@broker", False),
        ("alice", "amqp://broker", False),
        ("alice", "amqp://alice%40peering.one:p@broker/peering.one", True),
        ("alice", "amqp://alice%40peering.other:p@broker/peering.one", False),
        ("alice", "amqp://alice:p@broker/peering.one", False),
    ],
)
def test_identities_are_enforced_where_the_brokers_user_is_the_account(
    account: str,
    broker: str,
    enforced: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert settings(account=account, broker=broker).enforced is enforced


def test_the_owner_may_always_speak_and_nobody_is_named_twice() -> None:
    assert settings(accept_from="").senders == ["alice"]
    assert settings(accept_from="bob,alice,bob").senders == ["alice", "bob"]


@pytest.mark.parametrize("value", ["Bob", "bob;carol", "bob carol", "b" * 33, "bob," + "c" * 33, "bob\n"])
def test_an_account_that_cannot_be_one_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        settings(accept_from=value)


def test_the_longest_pause_is_never_shorter_than_the_first() -> None:
    assert settings(resend_first_seconds=20).retransmission.resend_limit_seconds == 20


def test_a_role_has_endpoints_of_its_own_kinds_only() -> None:
    branch = settings(endpoint="vbr-a")
    assert branch.end(INITIATOR).kind is Kind.VBR
    with pytest.raises(ValueError, match="vbr-a cannot be the acceptor: only a VPC can"):
        branch.end(ACCEPTOR)


@pytest.mark.parametrize("make", [Path.mkdir, partial(Path.write_text, data="mine")])
def test_a_health_file_that_holds_something_is_refused_because_it_would_be_removed(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "mine")
    with pytest.raises(ValidationError, match="must not hold anything"):
        settings(health_file=tmp_path / "mine")
    (tmp_path / "empty").touch()
    assert settings(health_file=tmp_path / "empty").health_file == tmp_path / "empty"


def test_health_is_a_fresh_file_while_all_is_well(tmp_path: Path) -> None:
    file = tmp_path / "healthy"
    refresh(None, healthy=True)
    refresh(file, healthy=False)
    assert not fresh(file)
    refresh(file, healthy=True)
    assert fresh(file)
    past = time.time() - STALE_SECONDS - 1
    os.utime(file, (past, past))
    assert not fresh(file)
    refresh(file, healthy=True)
    assert fresh(file)
    refresh(file, healthy=False)
    assert not file.exists()


def test_health_is_an_exit_code_for_containers(tmp_path: Path) -> None:
    file = tmp_path / "healthy"

    def code(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-m", "shared.runtime.health", *arguments], check=False).returncode

    assert (code(), code(str(file))) == (1, 1)
    refresh(file, healthy=True)
    assert code(str(file)) == 0
