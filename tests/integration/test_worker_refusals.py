"""Tests of workers that cannot work: one line that says why, and an exit code."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.broker.address import BrokerAddress
from shared.broker.topology import Account
from tests.end_to_end.workers import LIMIT_SECONDS, ROOT, Crew, Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh

SECRET = "never-to-be-seen"  # noqa: S105 - the test looks for it in what is printed


@pytest.fixture(scope="module")
def own(broker: BrokerForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Crew]]:
    """An owner with an endpoint, and nobody who works there yet."""
    alice = fresh("alice")
    site = Site("initiator", fresh_id("vpc"), alice)
    asyncio.run(broker.provision([alice], [(alice.uid, site.endpoint)]))
    with crew(broker, tmp_path_factory.mktemp("refused"), [alice]) as gathered:
        yield site, gathered


def ended(worker: WorkerProcess, code: int) -> str:
    """Start a worker that will not work; return the one line that it leaves."""
    worker.log.unlink(missing_ok=True)
    worker.start()
    assert worker.wait() == code, worker.log.read_text()
    lines = [line for line in worker.log.read_text().splitlines() if '"started"' not in line]
    complaints = [line for line in lines if '"stopped"' not in line and '"info"' not in line]
    assert len(complaints) == 1, lines
    assert worker.site.account.password not in worker.log.read_text()
    return complaints[0]


def used(worker: WorkerProcess) -> None:
    """Let a worker make its store, and end."""
    worker.start()
    worker.wait_for_lines("ready")
    assert worker.stop() == 0


def run(role: str, *arguments: str) -> tuple[int, str]:
    """Start a worker by hand, without anything else."""
    done = subprocess.run(
        [sys.executable, "-m", role, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return done.returncode, done.stderr


def by_hand(folder: Path, *more: str, **changed: str) -> list[str]:
    """Write flags that would do, apart from what is changed."""
    flags = {
        "endpoint": "vpc-a",
        "account": "alice",
        "region": "cn-hangzhou",
        "broker": f"amqp://alice:{SECRET}@127.0.0.1:1/peering",
        "store": str(folder / "store.sqlite"),
    }
    flags |= {name.replace("_", "-"): value for name, value in changed.items()}
    return [part for name, value in flags.items() for part in (f"--{name}", value)] + [*more]


# Settings that are impossible: exit code 2, whatever the broker says.


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("endpoint", "xyz-1", "endpoint"),
        ("endpoint", "VPC-1", "endpoint"),
        ("account", "Alice Smith", "account"),
        ("broker", f"http://alice:{SECRET}@localhost", "amqp://"),
        ("broker", f"amqp://alice:{SECRET}@localhost:port/peering", "amqp://"),
        ("accept_from", "a" * 33, "accept"),
        ("accept_from", "bob,Carol", "accept"),
        ("hold_seconds", "5", "hold-seconds"),
        ("keepalive_seconds", "0", "keepalive"),
        ("batch_limit", "many", "batch"),
        ("store", ".", "store"),
        ("store", "/", "store"),
        ("health_file", "/nowhere/at/all", "health"),
        ("broker_ca_file", "/nowhere/ca.pem", "--broker-ca-file (or PEERING_BROKER_CA_FILE)"),
        ("log_level", "loud", "log"),
    ],
)
def test_an_impossible_setting_is_refused_in_one_line(tmp_path: Path, flag: str, value: str, said: str) -> None:
    code, text = run("initiator", *by_hand(tmp_path, **{flag: value}))
    assert code == 2, text
    assert "Traceback" not in text
    assert said in text.splitlines()[-1]
    assert SECRET not in text
    assert not list(tmp_path.iterdir())


def test_all_settings_that_are_missing_are_named_as_they_could_be_given() -> None:
    code, text = run("acceptor", "--endpoint", "vpc-a")
    assert code == 2
    missing = ("account", "region", "broker", "store")
    lines = [f"python -m acceptor: --{name} (or PEERING_{name.upper()}): it is needed" for name in missing]
    assert text.splitlines() == lines


def test_help_says_that_settings_may_come_from_the_environment() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "initiator", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )
    assert "PEERING_LOG_LEVEL" in done.stdout


def test_a_vbr_that_should_accept_is_refused(tmp_path: Path) -> None:
    code, text = run("acceptor", *by_hand(tmp_path, endpoint="vbr-a"))
    assert (code, text) == (2, "python -m acceptor: vbr-a cannot be the acceptor: only a VPC can\n")


# A store that cannot be used: exit code 1.


def alter(statement: str) -> Callable[[Path], None]:
    """Change a store as no worker would."""

    def altered(store: Path) -> None:
        with sqlite3.connect(store) as connection:
            connection.execute(statement)
        connection.close()

    return altered


def replace_by_a_folder(store: Path) -> None:
    """Put a folder where the file was."""
    store.unlink()
    store.mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer version": (alter("UPDATE meta SET value = '99' WHERE name = 'schema'"), "format 99"),
    "a version that is no number": (alter("UPDATE meta SET value = 'x' WHERE name = 'schema'"), "format x"),
    "no version": (alter("DELETE FROM meta WHERE name = 'schema'"), "damaged"),
    "no owner": (alter("DELETE FROM meta WHERE name = 'account'"), "damaged"),
    "no table": (alter("DROP TABLE interface"), "damaged"),
    "another program's": (alter("DROP TABLE meta"), "damaged"),
    "another region": (alter("UPDATE meta SET value = 'cn-x' WHERE name = 'region'"), "belongs to region cn-x"),
    "another account": (alter("UPDATE meta SET value = 'eve' WHERE name = 'account'"), "belongs to account eve"),
    "another role": (alter("UPDATE meta SET value = 'acceptor' WHERE name = 'role'"), "belongs to role acceptor"),
    "another endpoint": (alter("UPDATE meta SET value = 'vpc-x' WHERE name = 'endpoint'"), "belongs to endpoint"),
    "no database": (lambda store: store.write_bytes(b"once upon a time " * 500), "damaged"),
    "cut off": (lambda store: store.write_bytes(store.read_bytes()[:5000]), "damaged"),
    "a folder": (replace_by_a_folder, "cannot be opened: Is a directory"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_store_that_cannot_be_used_is_refused_in_one_line(
    own: tuple[Site, Crew], tmp_path: Path, damage: str
) -> None:
    site, gathered = own
    worker = WorkerProcess(site, gathered.address, tmp_path, gathered.senders)
    template = gathered.folder / "template.sqlite"
    if not template.exists():
        used(worker)
        template.write_bytes(worker.store.read_bytes())
    worker.store.write_bytes(template.read_bytes())
    change, reason = DAMAGES[damage]
    change(worker.store)
    assert reason in ended(worker, 1)


def test_a_store_below_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, text = run("initiator", *by_hand(tmp_path, store=str(tmp_path / "file" / "store.sqlite")))
    assert code == 1
    assert len(text.splitlines()) == 1
    assert "cannot be opened" in text


def test_a_store_in_use_by_another_worker_is_refused_and_the_other_works_on(own: tuple[Site, Crew]) -> None:
    site, gathered = own
    first = gathered.worker(site).start()
    first.wait_for_lines("ready")
    code, text = run("initiator", *first.arguments, "--broker", f"amqp://x:{SECRET}@127.0.0.1:1/peering")
    assert code == 1
    assert "in use by another worker" in text
    assert first.stop() == 0
    assert SECRET not in text


# A broker that says no: said in one line each time, and waited for. (What happens when it is mended, and a broker that
# says nothing: test_administrator_mends.py, tests/end_to_end/test_kill_broker.py.)


def said_no(worker: WorkerProcess) -> str:
    """Start a worker that its broker refuses; return the reason that it gives, before it is told to end."""
    health = worker.folder / "healthy"
    worker.flags = [*worker.flags, "--health-file", str(health)]
    worker.start()
    try:
        reasons = {line["reason"] for line in worker.wait_for_lines("refused", 2)}
        assert not health.exists()
        assert not worker.lines("ready")
        assert worker.stop() == 0
    finally:
        worker.kill()
    (reason,) = reasons
    assert worker.site.account.password not in worker.log.read_text()
    return str(reason)


def test_a_wrong_password_is_said_in_one_line_each_time(own: tuple[Site, Crew], tmp_path: Path) -> None:
    site, gathered = own
    wrong = Site(site.role, site.endpoint, Account(site.account.uid, SECRET))
    assert "refuses the login" in said_no(WorkerProcess(wrong, gathered.address, tmp_path, gathered.senders))


def test_a_virtual_host_that_is_not_there_is_said_in_one_line_each_time(own: tuple[Site, Crew], tmp_path: Path) -> None:
    site, gathered = own
    elsewhere = BrokerAddress(gathered.address.host, gathered.address.port, "elsewhere")
    assert "elsewhere" in said_no(WorkerProcess(site, elsewhere, tmp_path, gathered.senders))


def test_a_queue_that_is_not_there_is_named_and_the_others_are_read(own: tuple[Site, Crew], tmp_path: Path) -> None:
    site, gathered = own
    worker = WorkerProcess(site, gathered.address, tmp_path, [site.account.uid, "nobody"]).start()
    try:
        (missing,) = worker.wait_for_lines("queue missing")
        assert missing["queue"] == f"peering.q.{site.account.uid}.{site.endpoint}.from.nobody"
        assert worker.wait_for_lines("ready")[0]["queues"] == 1
        assert worker.stop() == 0
    finally:
        worker.kill()
