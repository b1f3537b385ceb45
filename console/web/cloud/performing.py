"""The performance of one call of an account: its description checked, repetitions recognised, dry runs ended."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any, Final

from console.web.cloud.answers import Body
from console.web.cloud.catalogue import ACTIONS, Action
from console.web.cloud.cloud import Call, Cloud
from console.web.cloud.description import Kind
from console.web.cloud.errors import ErrorKind
from console.web.cloud.parameters import Parameters
from console.web.cloud.records import ANSWERED

CLIENT_TOKEN_SECONDS: Final = 86_400.0


async def perform(cloud: Cloud, account: str, parameters: Parameters) -> Body:
    """Perform a call on behalf of an account. Raises ApiError."""
    action = ACTIONS[parameters.action]
    call = Call(cloud, account, parameters.described(action.description))
    if action.description.kind is Kind.CHANGES:
        return await _once(call, action)
    body = await action.handler(call)
    call.proceed()
    return body


async def _once(call: Call, action: Action) -> Body:
    """Answer a repeated ClientToken as it was answered first. Raises ApiError."""
    token = call.parameters.token()
    if not token or call.dry:
        return await action.handler(call)
    name = f"{call.account} {call.parameters.action} {token}"
    async with call.cloud.lock(name):
        return await _first_answer(call, action, name)


async def _first_answer(call: Call, action: Action, name: str) -> Body:
    store, now = call.cloud.store, time.time()
    asked = hashlib.sha256(call.parameters.asked().encode()).hexdigest()
    known = store.recall(ANSWERED, name, now)
    if known is not None:
        question, _, answer = known.partition(" ")
        if question != asked:
            raise ErrorKind.DIFFERENT_REQUEST.error()
        body: dict[str, Any] = json.loads(answer)
        return body
    made = await action.handler(call)
    store.remember(ANSWERED, name, now, now + CLIENT_TOKEN_SECONDS, f"{asked} {json.dumps(made)}")
    return made
