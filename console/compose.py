"""A compose file must work at the first try, so the broker's users and queues lie beside it, made from its topology.

The passwords are public demo passwords, and the salt is fixed, so that the document is the same each time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from console.topology import load
from shared.broker.topology import Account, definitions

TOPOLOGY: Final = Path("examples/compose.yaml")
DEFINITIONS: Final = Path("docker/rabbitmq/definitions.json")
ADMINISTRATOR: Final = Account("admin", "demo-password-of-admin")
_SALT: Final = b"demo"


def compose_definitions(repository: Path) -> str:
    """Print what RabbitMQ loads when it boots in `docker compose up`. Raises TopologyRefused."""
    topology = load(repository / TOPOLOGY)
    accounts = [Account(one.uid, one.password or "") for one in topology.accounts]
    endpoints = [(one.account, one.id) for one in topology.endpoints]
    document = definitions(accounts, endpoints, ADMINISTRATOR, salt=_SALT)
    return json.dumps(document, indent=1) + "\n"
