"""The performance of one call of an account: checked, recognised where it is repeated, and let go in its turn."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final

from console.web.cloud.answers import Body
from console.web.cloud.catalogue import ACTIONS, Action
from console.web.cloud.cloud import Call, Cloud
from console.web.cloud.description import Kind
from console.web.cloud.errors import ApiError, ErrorKind
from console.web.cloud.parameters import Parameters
from console.web.cloud.records import ANSWERED
from console.web.cloud.turns import routers_of

CLIENT_TOKEN_SECONDS: Final = 86_400.0
UNKNOWN_FROM: Final = 500
"""From this HTTP status on, an error says that nobody knows what was done."""


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
        return await _in_turn(call, action)
    name = f"{call.account} {call.parameters.action} {token}"
    async with call.cloud.lock(name):
        return await _first_answer(call, action, name)


async def _first_answer(call: Call, action: Action, name: str) -> Body:
    """Answer a ClientToken: from its memo, or by beginning the call, or by resuming it where its end is not known."""
    store, now = call.cloud.store, time.time()
    asked = hashlib.sha256(call.parameters.asked().encode()).hexdigest()
    store.remember(ANSWERED, name, now, now + CLIENT_TOKEN_SECONDS, f"{asked} {call.root} ")
    question, root, answer = (store.recall(ANSWERED, name, now) or "  ").split(" ", 2)
    if question != asked:
        raise ErrorKind.DIFFERENT_REQUEST.error()
    if answer:
        body: dict[str, Any] = json.loads(answer)
        return body
    resumed = root != call.root
    try:
        made = await _in_turn(replace(call, root=root, resumed=resumed), action)
    except ApiError as error:
        if resumed and any((error.status, error.code) == (kind.status, kind.code) for kind in action.done):
            made = {}
        else:
            if error.status < UNKNOWN_FROM and not resumed:
                store.forget(ANSWERED, name)  # a refusal: nothing was done, and another question may be asked
            raise
    store.rewrite(ANSWERED, name, f"{asked} {root} {json.dumps(made)}")
    return made


async def _in_turn(call: Call, action: Action) -> Body:
    """Let a call go when no other is changing one of its routers: what it checks is still so when it writes."""
    wanted, mine = await routers_of(call), set[str]()
    while True:
        mine = mine | wanted
        async with AsyncExitStack() as turns:
            for router in sorted(mine):
                await turns.enter_async_context(call.cloud.lock(router))
            wanted = await routers_of(call)  # another call may have changed the opposite one meanwhile
            if wanted <= mine:
                return await action.handler(call)
