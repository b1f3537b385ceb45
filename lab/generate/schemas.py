"""The JSON schemas and the AsyncAPI document, from the types that read the messages."""

from __future__ import annotations

import json
from typing import Any

import yaml
from pydantic import TypeAdapter

from console.scenario.model import Scenario
from console.trace.model import Trace
from shared.broker.names import DEAD_LETTER_KEY, DEAD_LETTER_QUEUE, VHOST
from shared.wire.additions import ADDITIONS
from shared.wire.bundle import READER
from shared.wire.encoding import content_type
from shared.wire.forms import JSON
from shared.wire.request import KINDS, OBSERVATIONS, REPLY, REQUEST

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def bundle_schema() -> str:
    """The JSON schema of what endpoints say to each other."""
    return _json({"$schema": _DRAFT, **READER.json_schema()})


def additions_schema() -> str:
    """The JSON schema of what carriers add to a bundle."""
    return _json({"$schema": _DRAFT, **ADDITIONS.json_schema()})


def request_schema() -> str:
    """The JSON schemas of what consoles ask and workers answer."""
    named: dict[str, TypeAdapter[Any]] = {"request": REQUEST, "reply": REPLY, "observations": OBSERVATIONS}
    schemas = {name: adapter.json_schema() for name, adapter in named.items()}
    return _json({"$schema": _DRAFT, "oneOf": [{"title": name, **schema} for name, schema in schemas.items()]})


def trace_schema() -> str:
    """The JSON schema of what `peering trace -o FILE.json` writes."""
    return _json({"$schema": _DRAFT, **Trace.model_json_schema()})


def scenario_schema() -> str:
    """The JSON schema of a scenario, for editors and for `peering run FILE.yaml`."""
    return _json({"$schema": _DRAFT, **Scenario.model_json_schema(by_alias=True)})


def asyncapi_document() -> str:
    """The AsyncAPI 3.0 document: which queue carries which message."""
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Peering handshake",
            "version": "1",
            "description": "Generated from the code by `make docs`. One exchange per account; a queue per receiving "
            "endpoint and sending account, so that the queue proves the sender.",
        },
        "defaultContentType": JSON,
        "servers": {"rabbitmq": {"host": "localhost:5672", "pathname": f"/{VHOST}", "protocol": "amqp"}},
        "channels": {
            "endpoint": _channel("peering.q.{owner}.{endpoint}.from.{sender}", ("bundle", "request")),
            "console": _channel("peering.console.{account}.{slot}", ("reply", "observations")),
            "deadLetters": _channel(DEAD_LETTER_QUEUE, ("bundle", "request")),
        },
        "operations": {
            "hear": _operation("receive", "endpoint", "a worker reads what others say to its endpoint"),
            "speak": _operation("send", "endpoint", "published to peering.x.{sender} with the endpoint's id as key"),
            "answer": _operation("send", "console", "published to peering.x.{account} with reply_to as key"),
            "setAside": _operation("send", "deadLetters", f"published with the key {DEAD_LETTER_KEY} and a reason"),
        },
        "components": {
            "messages": {
                "bundle": _message(KINDS.bundle, "bundle.schema.json", "What an endpoint says to another."),
                "request": _message(KINDS.request, "requests.schema.json", "What an owner's console asks."),
                "reply": _message(KINDS.reply, "requests.schema.json", "The answers, in the same order."),
                "observations": _message(KINDS.observations, "requests.schema.json", "New rows of the timeline."),
            }
        },
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def _channel(address: str, messages: tuple[str, ...]) -> dict[str, Any]:
    parameters: dict[str, dict[str, Any]] = {part.split("}")[0]: {} for part in address.split("{")[1:]}
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        **({"parameters": parameters} if parameters else {}),
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(kind: str, schema: str, summary: str) -> dict[str, Any]:
    encoding = {} if content_type(kind) == JSON else {"contentType": content_type(kind)}
    return {"name": kind, **encoding, "summary": summary, "payload": {"$ref": f"./{schema}"}}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
