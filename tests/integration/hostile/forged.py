"""The bundles and requests that Mallory writes: a worker's own, apart from what each test changes."""

from __future__ import annotations

import json
import secrets

from shared.wire.encoding import encode
from tests.end_to_end.workers import Answer
from tests.integration.hostile.town import Town


def bundle(town: Town, **changed: object) -> bytes:
    """Write an empty bundle from Mallory's endpoint to Bob's, apart from what is changed."""
    form = {"v": 1, "endpoint": town.mallory.endpoint, "account": town.uid, "to": town.bob.endpoint, "life": 1}
    return encode({**form, "messages": [], **changed})


def request(town: Town, account: str, *commands: Answer) -> bytes:
    """Write a request to Bob's worker in the name of an account."""
    form = {"v": 1, "request": secrets.token_hex(16), "account": account, "endpoint": town.bob.endpoint}
    return json.dumps({**form, "commands": list(commands)}).encode()


def declare(source: str, target: str, **changed: object) -> Answer:
    """Write a declaration of an end that has just begun, apart from what is changed."""
    form = {
        "kind": "declare",
        "source": source,
        "target": target,
        "epoch": [1, 1],
        "version": 1,
        "intent": "up",
        "to_epoch": None,
        "acknowledges": 0,
        "received": 0,
        "status": "Connecting",
        "claims": None,
    }
    return form | changed
