"""The documents of the compose file: RabbitMQ's definitions and the console's topology, made from its topology.

The passwords are public demo passwords, and the salt is fixed, so that the document is the same each time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import yaml

from console.topology import BrokerSection, load
from shared.broker.topology import Account, definitions

TOPOLOGY: Final = Path("examples/compose.yaml")
DEFINITIONS: Final = Path("docker/rabbitmq/definitions.json")
CONSOLE: Final = Path("docker/console.yaml")
BROKER_INSIDE: Final = "amqp://rabbitmq:5672/peering"
ADMINISTRATOR: Final = Account("admin", "demo-password-of-admin")
_SALT: Final = b"demo"


def compose_definitions(repository: Path) -> str:
    """What RabbitMQ loads when it boots in `docker compose up`, as JSON. Raises TopologyRefused."""
    topology = load(repository / TOPOLOGY)
    accounts = [Account(one.uid, one.password or "") for one in topology.accounts]
    endpoints = [(one.account, one.id) for one in topology.endpoints]
    heard = {one.id: topology.senders(one) for one in topology.endpoints}
    document = definitions(accounts, endpoints, ADMINISTRATOR, salt=_SALT, senders=heard)
    return json.dumps(document, indent=1) + "\n"


def compose_console(repository: Path) -> str:
    """The topology as the console's container sees it, as YAML: the same, with the broker by its name in there."""
    topology = load(repository / TOPOLOGY)
    inside = topology.model_copy(update={"broker": BrokerSection(url=BROKER_INSIDE)})
    document = inside.model_dump(mode="json", exclude_none=True)
    head = "# Generated from examples/compose.yaml by `make docs`. DEMO PASSWORDS AND KEYS: they protect nothing."
    return f"{head}\n" + yaml.safe_dump(document, sort_keys=False)
