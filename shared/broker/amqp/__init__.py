"""AMQP is a library's affair only as far as this folder: nothing outside of it sees a channel or a frame."""

from shared.broker.amqp.console import ConsoleLink, NoFreeSlot
from shared.broker.amqp.errors import BrokerRefused, BrokerUnreachable, silence_client_library
from shared.broker.amqp.link import Link

__all__ = [
    "BrokerRefused",
    "BrokerUnreachable",
    "ConsoleLink",
    "Link",
    "NoFreeSlot",
    "silence_client_library",
]
