"""Tests of TLS: workers with client certificates, on a broker that lets in nothing else.

The broker of this file is a private node with a certificate authority made for it: it takes EXTERNAL alone, and the
name in a client's certificate is the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import open_connection
from shared.broker.embedded import PrivateBroker
from shared.broker.errors import BrokerRefused, BrokerUnreachable
from shared.broker.messages import LinkCondition
from shared.broker.names import VHOST
from shared.broker.private_files import LOOPBACK, Layout, find_programs, free_ports, write_files
from shared.broker.topology import definitions
from tests.end_to_end.asking import Console
from tests.end_to_end.stories import connect, end
from tests.end_to_end.workers import Site, WorkerProcess, fresh_id
from tests.integration.broker_ladder import ADMINISTRATOR, LIMIT_SECONDS, SALT, Heard, fresh, refused
from tests.waiting import wait_for

ONLY_CERTIFICATES = """
listeners.ssl.1 = {host}:{port}
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
auth_mechanisms.1 = EXTERNAL
ssl_cert_login_from = common_name
"""


def issue(authority: trustme.CA, folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate for that name, and its key."""
    issued = authority.issue_cert(LOOPBACK, "localhost", common_name=name)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    issued.private_key_pem.write_to_path(key)
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(certificate, append=number > 0)
    return certificate, key


@dataclass(frozen=True)
class Locked:
    """A broker that lets in certificates and nothing else."""

    port: int
    folder: Path
    authority: trustme.CA
    alice: Site
    bob: Site

    @property
    def url(self) -> str:
        """Where it is; who asks is said by the certificate."""
        return f"amqps://{LOOPBACK}:{self.port}/{VHOST}"

    def address(self, name: str, authority: trustme.CA | None = None) -> BrokerAddress:
        """Where somebody of that name logs in, with a certificate of this authority."""
        certificate, key = issue(authority or self.authority, self.folder, name)
        return BrokerAddress.parse(self.url, ca_file=self.folder / "ca.pem", certificate_file=certificate, key_file=key)

    def worker(self, site: Site) -> WorkerProcess:
        """Start a worker with its account's certificate."""
        address = self.address(site.account.uid)
        flags = ["--broker", self.url, "--broker-ca-file", str(address.ca_file)]
        flags += [
            "--broker-certificate-file",
            str(address.certificate_file),
            "--broker-key-file",
            str(address.key_file),
        ]
        senders = [self.alice.account.uid, self.bob.account.uid]
        return WorkerProcess(site, address, self.folder, senders, (*flags, "--resend-first-seconds", "0.2")).start()

    def console(self, site: Site) -> Console:
        """Ask with that account's certificate."""
        asking = Console(self.address(site.account.uid), site.account)
        asking._address = self.address(site.account.uid)
        return asking


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """Run such a broker, on every rung: no other can be told to be one."""
    folder, programs = tmp_path_factory.mktemp("tls"), find_programs()
    assert programs is not None, "rabbitmq-server is not installed"
    alice, bob = (Site(role, fresh_id("vpc"), fresh(role[0])) for role in ("initiator", "acceptor"))
    layout, port, authority = Layout(folder / "broker", free_ports()), free_ports().amqp, trustme.CA()
    accounts, endpoints = [alice.account, bob.account], [(site.account.uid, site.endpoint) for site in (alice, bob)]
    write_files(layout, definitions(accounts, endpoints, ADMINISTRATOR, salt=SALT))
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issue(authority, folder, "server")
    with (layout.folder / "rabbitmq.conf").open("a") as settings:
        settings.write(ONLY_CERTIFICATES.format(host=LOOPBACK, port=port, folder=folder))
    (layout.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_auth_mechanism_ssl].\n")
    broker = PrivateBroker(layout, programs)
    broker.restart()
    try:
        yield Locked(port, folder, authority, alice, bob)
    finally:
        broker.stop()


async def test_two_workers_with_certificates_and_no_password_shake_hands(locked: Locked) -> None:
    workers = [locked.worker(site) for site in (locked.alice, locked.bob)]
    consoles = [locked.console(site) for site in (locked.alice, locked.bob)]
    try:
        for worker in workers:
            worker.wait_for_lines("ready")
            assert not worker.lines("identities are not enforced: all accounts share one broker user")
        first, second = end(consoles[0], locked.alice), end(consoles[1], locked.bob)
        await connect(first, second)
        await first.do("send", body="under seal")
        await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["under seal"])
        assert [worker.stop() for worker in workers] == [0, 0]
    finally:
        for console in consoles:
            await console.close()
        for worker in workers:
            worker.kill()


async def test_a_certificate_speaks_for_no_other_account(locked: Locked) -> None:
    heard, alices = Heard(), locked.address(locked.alice.account.uid)
    assert "may not publish" in await refused(alices, locked.bob.account.uid, heard)
    assert LinkCondition.CONSUMING not in heard.conditions()


async def test_a_password_is_not_enough(locked: Locked) -> None:
    account = locked.alice.account
    with_password = locked.address(account.uid).as_user(account.uid, account.password)
    with pytest.raises(BrokerRefused):
        await open_connection(with_password, "test")


async def test_nobody_gets_in_with_a_certificate_that_is_not_the_brokers(locked: Locked) -> None:
    """One of another authority, of a name without an account, or none at all."""
    stranger = locked.address("nobody-here")
    with pytest.raises((BrokerRefused, BrokerUnreachable)):
        await open_connection(stranger, "test")
    foreign = locked.address(locked.alice.account.uid, trustme.CA())
    with pytest.raises((BrokerRefused, BrokerUnreachable)):
        await open_connection(foreign, "test")
    bare = BrokerAddress.parse(locked.url, ca_file=locked.folder / "ca.pem")
    with pytest.raises((BrokerRefused, BrokerUnreachable)):
        await open_connection(bare, "test")


async def test_a_broker_that_cannot_prove_who_it_is_is_told_nothing(locked: Locked) -> None:
    other = locked.folder / "other-ca.pem"
    trustme.CA().cert_pem.write_to_path(other)
    good = locked.address(locked.alice.account.uid)
    address = BrokerAddress.parse(
        locked.url, ca_file=other, certificate_file=good.certificate_file, key_file=good.key_file
    )
    with pytest.raises(BrokerRefused, match=r"(?i)certificate"):
        await open_connection(address, "test")
