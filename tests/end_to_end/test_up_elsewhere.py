"""Tests of `peering up` on a broker that was there before: used as far as its owner lets us, never stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.broker.embedded import PrivateBroker, speaks_amqp
from shared.broker.topology import password_hash
from tests.end_to_end.programs import REPOSITORY, Up, establish, peering_up, running_with

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"
SALT = b"salt"
OFFICE = """
title: An office that is connected before it is said to be ready
connection: [ri-office@vpc-alice, ri-lab@vpc-bob]
steps:
  - do: [{create: ri-office}, {create: ri-lab}, {configure: ri-lab}, {configure: ri-office}, {initiate: ri-office}]
    expect: {ri-office: Activated, ri-lab: Activated}
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBroker]:
    """A RabbitMQ as its package leaves it: one administrator for everything."""
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    document = {
        "vhosts": [{"name": "/"}],
        "users": [{"name": "guest", "password_hash": password_hash("guest", SALT), "tags": ["administrator"]}],
        "permissions": [{"user": "guest", "vhost": "/", **everything}],
    }
    with PrivateBroker.start(tmp_path_factory.mktemp("broker"), document) as started:
        yield started


def establish_and_send(up: Up) -> None:
    establish(up)
    terminal = up.terminal
    terminal.done("send", "ri-two", "hello")
    terminal.received("ri-one", "hello")


def urls(broker: PrivateBroker) -> dict[str, str]:
    return {
        "PEERING_BROKER_URL": f"amqp://guest:guest@127.0.0.1:{broker.amqp_port}/",
        "PEERING_MANAGEMENT_URL": broker.management_url.replace("://", "://guest:guest@"),
    }


def test_with_one_login_for_all_it_works_and_says_that_identities_are_not_enforced(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    url = {"PEERING_BROKER_URL": urls(broker)["PEERING_BROKER_URL"]}
    with peering_up(CROSS_ACCOUNT, tmp_path / "peering", **url) as up:
        assert [one["name"] for one in up.processes] == ["vpc-alice", "vpc-bob"]
        establish_and_send(up)
        log = (tmp_path / "peering" / "logs" / "vpc-bob.log").read_text()
        assert "identities are not enforced" in log
    assert speaks_amqp("127.0.0.1", broker.amqp_port)


def test_with_an_administrators_login_each_account_gets_its_own(broker: PrivateBroker, tmp_path: Path) -> None:
    folder, scenarios, told = tmp_path / "peering", tmp_path / "scenarios", urls(broker)
    scenarios.mkdir()
    (scenarios / "10-office.yaml").write_text(OFFICE)
    flags = ("--broker", told["PEERING_BROKER_URL"], "--management", told["PEERING_MANAGEMENT_URL"])
    with peering_up(CROSS_ACCOUNT, folder, *flags, "--scenarios", str(scenarios)) as up:
        assert up.terminal.done("show", "ri-office")["status"] == "Activated"
        establish_and_send(up)
        assert up.terminal.refused("suspend", "ri-two@vpc-bob", "--as", "alice") == "NotOwner"
        logs = "".join(path.read_text() for path in (folder / "logs").iterdir())
        assert "identities are not enforced" not in logs
        kept = (folder / "context.json").read_text()
        assert "guest" not in kept
    assert speaks_amqp("127.0.0.1", broker.amqp_port)
    assert running_with(str(folder)) == []
