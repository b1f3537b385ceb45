"""Tests of broker addresses: what they parse, and a password that they never show."""

import ssl
from pathlib import Path

import pytest

from shared.broker.address import BrokerAddress


def test_an_address_is_read_with_its_parts_unquoted() -> None:
    address = BrokerAddress.parse("amqp://al%40ice:p%2Fw@broker.example:5673/peering%2Fx")
    assert (address.host, address.port, address.vhost) == ("broker.example", 5673, "peering/x")
    assert (address.user, address.password, address.tls) == ("al@ice", "p/w", False)


@pytest.mark.parametrize(
    ("url", "port", "vhost"),
    [("amqp://h", 5672, "/"), ("amqps://h/", 5671, "/"), ("amqp://h/peering", 5672, "peering")],
)
def test_what_is_left_out_is_what_all_clients_take(url: str, port: int, vhost: str) -> None:
    address = BrokerAddress.parse(url)
    assert (address.port, address.vhost, address.user) == (port, vhost, None)


def test_nodes_of_a_cluster_are_tried_in_the_order_in_which_they_stand() -> None:
    address = BrokerAddress.parse("amqps://alice:hunter2@one,two:5673,[::1]/peering")
    assert address.shown == "amqps://alice@one:5671,two:5673,[::1]:5671/peering"
    assert [node.shown for node in address.nodes] == [
        "amqps://alice@one:5671/peering",
        "amqps://alice@two:5673/peering",
        "amqps://alice@[::1]:5671/peering",
    ]
    assert BrokerAddress.parse("amqps://h").nodes == [BrokerAddress.parse("amqps://h")]


def test_a_password_is_not_shown() -> None:
    address = BrokerAddress.parse("amqps://alice:hunter2@h/peering")
    assert "hunter2" not in f"{address} {address!r} {address.shown}"
    assert address.shown == "amqps://alice@h:5671/peering"


@pytest.mark.parametrize(
    "url",
    [
        "http://u:hunter2@h",
        "amqp://u:hunter2@",
        "amqp://u:hunter2@h:port/",
        "amqp://[",
        "amqp://u:hunter2@h,/",
        "amqp://h,u:hunter2@i:x/",
    ],
)
def test_a_wrong_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="broker's address") as refused:
        BrokerAddress.parse(url)
    assert "hunter2" not in str(refused.value)


def test_certificates_need_tls_and_a_key_needs_its_certificate() -> None:
    with pytest.raises(ValueError, match="amqps"):
        BrokerAddress.parse("amqp://h", ca_file=Path("ca.pem"))
    with pytest.raises(ValueError, match="certificate"):
        BrokerAddress.parse("amqps://h", key_file=Path("key.pem"))


def test_a_certificate_without_a_password_is_the_login() -> None:
    pair = {"certificate_file": Path("cert.pem"), "key_file": Path("key.pem")}
    assert BrokerAddress.parse("amqps://alice@h", **pair).external
    assert not BrokerAddress.parse("amqps://alice:p@h", **pair).external
    assert not BrokerAddress.parse("amqps://alice:p@h").external


def test_tls_verifies_who_answers() -> None:
    context = BrokerAddress.parse("amqps://h").ssl_context()
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert BrokerAddress.parse("amqp://h").ssl_context() is None


def test_the_same_broker_as_another_user() -> None:
    address = BrokerAddress.parse("amqp://a:b@h/v").as_user("alice", "secret")
    assert (address.host, address.vhost, address.user, address.password) == ("h", "v", "alice", "secret")
