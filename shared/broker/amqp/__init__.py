"""The AMQP client: the only folder that knows the client library; nothing outside sees a channel or a frame."""

from shared.broker.amqp.console import ConsoleLink
from shared.broker.amqp.control import change, depths
from shared.broker.amqp.dead_letters import visit_dead_letters
from shared.broker.amqp.driver_patches import reading_headers
from shared.broker.amqp.errors import silence_client_library
from shared.broker.amqp.link import Link

__all__ = ["ConsoleLink", "Link", "change", "depths", "reading_headers", "silence_client_library", "visit_dead_letters"]
