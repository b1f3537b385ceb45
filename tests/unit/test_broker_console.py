"""Tests of the console's link where its connection ends while it is opened."""

from __future__ import annotations

import pytest
from aiormq.exceptions import ChannelAccessRefused, ConnectionClosed

from shared.broker.address import BrokerAddress
from shared.broker.amqp import ConsoleLink, console
from shared.broker.errors import BrokerRefused, BrokerUnreachable


@pytest.mark.parametrize(
    ("error", "told", "sentence"),
    [
        (ConnectionClosed(320, "CONNECTION_FORCED - vhost 'peering' is deleted"), BrokerUnreachable, "is deleted"),
        (Exception(), BrokerUnreachable, "can't be reached"),
        (ChannelAccessRefused(403, "ACCESS_REFUSED"), BrokerRefused, "refuses access"),
        (BrokerRefused("account a is not provisioned"), BrokerRefused, "not provisioned"),
    ],
)
async def test_whatever_ends_it_while_it_is_opened_is_said_in_the_houses_words(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: type[Exception], sentence: str
) -> None:
    async def open_connection(_: BrokerAddress, __: str) -> None:
        raise error

    monkeypatch.setattr(console, "open_connection", open_connection)
    address = BrokerAddress.parse("amqp://a:b@127.0.0.1:1/peering")
    link = ConsoleLink(address, account="a", name="t", on_delivery=lambda _: None, on_lost=lambda _: None)
    with pytest.raises(told, match=sentence):
        await link.open()
