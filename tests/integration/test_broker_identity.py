"""Tests of the broker's borders: what an account must not be able to do, tried with a bare client."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed, DeliveryError

from shared.broker.messages import LinkCondition
from shared.broker.names import console_queue_name, exchange_name
from tests.integration.broker_ladder import LIMIT_SECONDS, Heard, TwoAccounts, linked, refused
from tests.waiting import wait_for

Attempt = Callable[[AbstractChannel, TwoAccounts], Awaitable[object]]


@pytest.fixture
async def as_alice(two: TwoAccounts) -> AsyncIterator[AbstractChannel]:
    """Give a channel on which Alice is logged in, with nothing of ours between her and the broker."""
    address = two.broker.address(two.alice)
    async with await aio_pika.connect(
        host=address.host,
        port=address.port,
        login=two.alice.uid,
        password=two.alice.password,
        virtualhost=address.vhost,
    ) as connection:
        yield await connection.channel(on_return_raises=True)


async def publish(channel: AbstractChannel, exchange: str, key: str, user: str | None, **headers: object) -> None:
    """Publish as a bare client would."""
    target = await channel.get_exchange(exchange, ensure=False)
    message = aio_pika.Message(b"forged", user_id=user, headers=dict(headers))  # type: ignore[arg-type]
    await target.publish(message, key, timeout=LIMIT_SECONDS)


async def as_somebody_else(channel: AbstractChannel, two: TwoAccounts) -> None:
    await publish(channel, exchange_name(two.alice.uid), two.bobs, two.bob.uid)


async def to_anothers_exchange(channel: AbstractChannel, two: TwoAccounts) -> None:
    await publish(channel, exchange_name(two.bob.uid), two.alices, two.alice.uid)


async def past_all_exchanges(channel: AbstractChannel, two: TwoAccounts) -> None:
    await publish(channel, "", two.to_alice(), two.alice.uid)


async def to_the_dead_letters_directly(channel: AbstractChannel, two: TwoAccounts) -> None:
    await publish(channel, "peering.dead", "", two.alice.uid)


async def read_anothers_queue(channel: AbstractChannel, two: TwoAccounts) -> None:
    queue = await channel.get_queue(two.to_bob(), ensure=False)
    await queue.get(timeout=LIMIT_SECONDS)


async def consume_anothers_queue(channel: AbstractChannel, two: TwoAccounts) -> None:
    queue = await channel.get_queue(two.to_bob(), ensure=False)
    await queue.consume(ignore, timeout=LIMIT_SECONDS)


async def ignore(message: AbstractIncomingMessage) -> None:
    assert message.body


async def read_anothers_replies(channel: AbstractChannel, two: TwoAccounts) -> None:
    queue = await channel.get_queue(console_queue_name(two.bob.uid, 0), ensure=False)
    await queue.get(timeout=LIMIT_SECONDS)


async def read_the_dead_letters(channel: AbstractChannel, two: TwoAccounts) -> None:
    assert two.alice.uid
    queue = await channel.get_queue("peering.dead-letters", ensure=False)
    await queue.get(timeout=LIMIT_SECONDS)


async def empty_anothers_queue(channel: AbstractChannel, two: TwoAccounts) -> None:
    queue = await channel.get_queue(two.to_bob(), ensure=False)
    await queue.purge(timeout=LIMIT_SECONDS)


async def delete_ones_own_queue(channel: AbstractChannel, two: TwoAccounts) -> None:
    queue = await channel.get_queue(two.to_alice(), ensure=False)
    await queue.delete(timeout=LIMIT_SECONDS)


async def declare_a_queue(channel: AbstractChannel, two: TwoAccounts) -> None:
    await channel.declare_queue(f"peering.q.{two.alice.uid}.mine.from.me", durable=True, timeout=LIMIT_SECONDS)


async def declare_an_exchange(channel: AbstractChannel, two: TwoAccounts) -> None:
    await channel.declare_exchange(f"{exchange_name(two.alice.uid)}.more", timeout=LIMIT_SECONDS)


async def bind_ones_queue_to_anothers_exchange(channel: AbstractChannel, two: TwoAccounts) -> None:
    queue = await channel.get_queue(two.to_alice(), ensure=False)
    await queue.bind(exchange_name(two.bob.uid), "vpc-elsewhere", timeout=LIMIT_SECONDS)


@pytest.mark.parametrize(
    "attempt",
    [
        to_anothers_exchange,
        past_all_exchanges,
        to_the_dead_letters_directly,
        read_anothers_queue,
        consume_anothers_queue,
        read_anothers_replies,
        read_the_dead_letters,
        empty_anothers_queue,
        delete_ones_own_queue,
        declare_a_queue,
        declare_an_exchange,
        bind_ones_queue_to_anothers_exchange,
    ],
)
async def test_refused(two: TwoAccounts, as_alice: AbstractChannel, attempt: Attempt) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(as_alice, two)


async def test_speaking_in_anothers_name_is_refused(two: TwoAccounts, as_alice: AbstractChannel) -> None:
    with pytest.raises(ChannelPreconditionFailed):
        await as_somebody_else(as_alice, two)


@pytest.mark.parametrize("header", ["CC", "BCC"])
async def test_a_copy_reaches_no_queue_that_is_not_bound(
    two: TwoAccounts, as_alice: AbstractChannel, header: str
) -> None:
    """Not even where topic permissions would let it pass, before RabbitMQ 4.0.3."""
    exchange = exchange_name(two.alice.uid)
    with pytest.raises(DeliveryError):
        await publish(as_alice, exchange, "nowhere", two.alice.uid, **{header: [two.to_alice(), two.to_bob()]})


async def test_a_message_without_a_name_arrives_without_one_so_that_the_receiver_can_tell(
    two: TwoAccounts, as_alice: AbstractChannel
) -> None:
    heard = Heard()
    await publish(as_alice, exchange_name(two.alice.uid), two.bobs, None)
    async with linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()]):
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
    assert heard.deliveries[0].user_id is None


async def test_a_wrong_password_is_a_refusal_with_the_name_and_without_the_password(two: TwoAccounts) -> None:
    heard, wrong = Heard(), two.broker.address(two.alice).as_user(two.alice.uid, "wrong-password")
    reason = await refused(wrong, two.alice.uid, heard)
    assert two.alice.uid in reason
    assert "wrong-password" not in reason
    assert heard.conditions()[:2] == [LinkCondition.CONNECTING, LinkCondition.REFUSED]


@pytest.mark.parametrize("vhost", ["/", "nowhere"])
async def test_a_virtual_host_that_is_closed_or_missing_is_a_refusal_with_the_brokers_words(
    two: TwoAccounts, vhost: str
) -> None:
    address = two.broker.address(two.alice)
    elsewhere = type(address)(address.host, address.port, vhost, address.user, address.password)
    assert "vhost" in await refused(elsewhere, two.alice.uid, Heard())


async def test_a_link_that_may_not_publish_is_refused(two: TwoAccounts) -> None:
    """Bob's login, but Alice's exchange: it is refused before it reads anything that it could not answer."""
    heard = Heard()
    assert "may not publish" in await refused(two.broker.address(two.bob), two.alice.uid, heard)
    assert LinkCondition.CONSUMING not in heard.conditions()
