"""The ladder of real brokers for tests: given by address, a container, or a private one; they say which.

The ladder: `PEERING_BROKER_URL` (with `PEERING_MANAGEMENT_URL`, both with an administrator's credentials) if it is set,
else testcontainers where a Docker engine answers, else a private rabbitmq-server. `PEERING_TEST_BROKER=container` or
`=private` forces a rung. One broker serves a whole test session; tests keep apart by having accounts of their own.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from shared.broker import control
from shared.broker.address import BrokerAddress
from shared.broker.amqp import Link
from shared.broker.backoff import Backoff
from shared.broker.container import ContainerBroker
from shared.broker.declarations import Declaration
from shared.broker.embedded import PrivateBroker
from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.broker.names import VHOST, endpoint_queue
from shared.broker.topology import Account, Definitions, definitions
from tests.waiting import wait_for

IMAGE = "rabbitmq:4-management"
ADMINISTRATOR = Account("test-administrator", "only-for-tests")
LIMIT_SECONDS = 60.0
SALT = b"test"
AMQP_PORT, MANAGEMENT_PORT = 5672, 15672


class Rung(StrEnum):
    """Where the tests' broker comes from."""

    GIVEN = "given"
    CONTAINER = "container"
    PRIVATE = "private"


def chosen_rung() -> Rung:
    """Take the first rung that carries, or the one that is asked for."""
    forced = os.environ.get("PEERING_TEST_BROKER")
    if forced:
        return Rung(forced)
    if os.environ.get("PEERING_BROKER_URL"):
        return Rung.GIVEN
    return Rung.CONTAINER if ContainerBroker.available() else Rung.PRIVATE


def pytest_report_header() -> str:
    """Say at the top of a test run which rung it stands on."""
    return f"broker: {chosen_rung()} (PEERING_TEST_BROKER, PEERING_BROKER_URL change that)"


@dataclass(frozen=True)
class BrokerForTests:
    """A broker that is up, and the control over it."""

    kind: Rung
    administrator_address: BrokerAddress
    management_url: str

    def address(self, account: Account) -> BrokerAddress:
        """Where this account logs in."""
        return self.administrator_address.as_user(account.uid, account.password)

    async def provision(self, accounts: Sequence[Account], endpoints: Sequence[tuple[str, str]]) -> None:
        """Set up accounts and endpoints, as `peering provision` does."""
        await control.provision(self.management_url, definitions(accounts, endpoints, salt=SALT))


def fresh(name: str) -> Account:
    """Make an account that no other test has."""
    return Account(f"{name}-{secrets.token_hex(4)}", secrets.token_hex(8))


@dataclass(frozen=True)
class TwoAccounts:
    """Alice and Bob with an endpoint each, as most tests need them."""

    broker: BrokerForTests
    alice: Account
    bob: Account
    alices: str = "vpc-alice"
    bobs: str = "vpc-bob"

    def to_bob(self) -> str:
        """Name the queue with what Alice says to Bob's endpoint."""
        return endpoint_queue(self.bob.uid, self.bobs, self.alice.uid).name

    def to_alice(self) -> str:
        """Name the queue with what Bob says to Alice's endpoint."""
        return endpoint_queue(self.alice.uid, self.alices, self.bob.uid).name


def administrator_definitions() -> Definitions:
    """What a broker starts with: the administrator and nothing to administrate."""
    return definitions([], [], ADMINISTRATOR, salt=SALT)


@contextlib.contextmanager
def private_rung(folder: Path) -> Iterator[tuple[BrokerForTests, PrivateBroker]]:
    """Run a private rabbitmq-server."""
    with PrivateBroker.start(folder, administrator_definitions()) as process:
        bare = process.management_url.removeprefix("http://")
        address = BrokerAddress(process.host, process.amqp_port, VHOST)
        yield (
            BrokerForTests(
                Rung.PRIVATE,
                address.as_user(ADMINISTRATOR.uid, ADMINISTRATOR.password),
                f"http://{ADMINISTRATOR.uid}:{ADMINISTRATOR.password}@{bare}",
            ),
            process,
        )


@contextlib.contextmanager
def container_rung() -> Iterator[BrokerForTests]:
    """Run RabbitMQ in a container of testcontainers, provisioned as a foreign broker would be."""
    from testcontainers.community.rabbitmq import RabbitMqContainer  # noqa: PLC0415 - on this rung only

    user, password = ADMINISTRATOR.uid, ADMINISTRATOR.password
    container = RabbitMqContainer(IMAGE, username=user, password=password, vhost=VHOST)
    with container.with_exposed_ports(MANAGEMENT_PORT) as running:
        host = running.get_container_host_ip()
        management = f"http://{user}:{password}@{host}:{running.get_exposed_port(MANAGEMENT_PORT)}"
        asyncio.run(control.wait_until_ready(management))
        asyncio.run(control.provision(management, administrator_definitions()))
        address = BrokerAddress(host, int(running.get_exposed_port(AMQP_PORT)), VHOST, user, password)
        yield BrokerForTests(Rung.CONTAINER, address, management)


def given_rung() -> BrokerForTests:
    """Use the broker that the environment names; its users, queues and messages of other names stay untouched."""
    management = os.environ["PEERING_MANAGEMENT_URL"]
    given = BrokerAddress.parse(os.environ["PEERING_BROKER_URL"])
    if given.user is None or given.password is None:
        raise pytest.UsageError("PEERING_BROKER_URL needs an administrator's user and password")
    permitted = Account(given.user, given.password)
    asyncio.run(control.provision(management, definitions([], [], permitted, salt=SALT)))
    address = BrokerAddress(given.host, given.port, VHOST, given.user, given.password)
    return BrokerForTests(Rung.GIVEN, address, management)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerForTests]:
    """The broker of this test session, from the first rung that carries."""
    match chosen_rung():
        case Rung.GIVEN:
            yield given_rung()
        case Rung.CONTAINER:
            with container_rung() as running:
                yield running
        case Rung.PRIVATE:
            with private_rung(tmp_path_factory.mktemp("broker")) as (running, _):
                yield running


@pytest.fixture
async def two(broker: BrokerForTests) -> TwoAccounts:
    """Two fresh accounts with an endpoint each, on the broker of this session."""
    return await two_accounts(broker)


async def two_accounts(broker: BrokerForTests) -> TwoAccounts:
    """Provision two fresh accounts with an endpoint each."""
    two = TwoAccounts(broker, fresh("alice"), fresh("bob"))
    await broker.provision([two.alice, two.bob], [(two.alice.uid, two.alices), (two.bob.uid, two.bobs)])
    return two


@dataclass
class Heard:
    """What a link reported, in order."""

    deliveries: list[Delivery] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)

    def bodies(self) -> list[bytes]:
        """What arrived, in the order of arrival."""
        return [delivery.body for delivery in self.deliveries]

    async def more_than(self, count: int, limit_seconds: float = LIMIT_SECONDS) -> None:
        """Wait until more than so many deliveries have arrived."""
        await wait_for(lambda: len(self.deliveries) > count, limit_seconds)

    @property
    def refused(self) -> str:
        """What the broker said when it refused the link, first; nothing if it did not."""
        return next((state.reason for state in self.states if state.condition is LinkCondition.REFUSED), "")

    def conditions(self) -> list[LinkCondition]:
        """Where the link stood, in order."""
        return [state.condition for state in self.states]


@asynccontextmanager
async def linked(  # noqa: PLR0913 - a test names what it varies
    address: BrokerAddress,
    account: str | None,
    heard: Heard,
    queues: Sequence[str] = (),
    *,
    prefetch: int = 100,
    declarations: Sequence[Declaration] = (),
    connect: bool = True,
    on_delivery: Callable[[Delivery], None] | None = None,
) -> AsyncIterator[Link]:
    """Run a link for the length of a block; wait until it consumes unless told not to."""
    link = Link(
        address,
        account=account,
        name="test",
        queues=queues,
        prefetch=prefetch,
        on_delivery=on_delivery or heard.deliveries.append,
        on_state=heard.states.append,
        declarations=declarations,
        backoff=Backoff(longest_seconds=1.0),
    )
    running = asyncio.create_task(link.run())
    try:
        if connect:
            await consuming(link, running)
        yield link
    finally:
        await link.stop()
        running.cancel()
        await asyncio.wait({running})


async def refused(
    address: BrokerAddress, account: str, heard: Heard, *, declarations: Sequence[Declaration] = ()
) -> str:
    """Run a link that the broker refuses, and return the first reason."""
    async with linked(address, account, heard, declarations=declarations, connect=False) as link:
        assert await link.publish(saying("nobody")) is PublishResult.UNKNOWN
        return await wait_for(lambda: heard.refused, LIMIT_SECONDS)


async def consuming(link: Link, running: "asyncio.Task[None] | None" = None) -> None:
    """Wait until a link is up; fail with its own reason if it ends first."""

    def up_or_over() -> LinkCondition | None:
        if running is not None and running.done():
            running.result()
        return link.state.condition if link.state.condition is LinkCondition.CONSUMING else None

    await wait_for(up_or_over, 60.0)


def saying(routing_key: str, body: bytes = b"hello") -> OutgoingMessage:
    """Make the smallest message for an endpoint."""
    return OutgoingMessage(routing_key, body, "test")
