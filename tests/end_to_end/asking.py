"""The questions that tests put to a worker, over the broker, under the account that may ask."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

from shared.broker.address import BrokerAddress
from shared.broker.amqp import ConsoleLink
from shared.broker.errors import BrokerUnreachable
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.broker.topology import Account
from shared.wire.request import KINDS, CommandForm, read_reply, write_request
from tests.end_to_end.workers import LIMIT_SECONDS, Answer, Site
from tests.integration.broker_ladder import BrokerForTests
from tests.waiting import wait_for

ASK_AGAIN_SECONDS = 1.0


class RefusedError(Exception):
    """A worker answered that it will not; the code is stable."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence = code, sentence


class UnroutableError(Exception):
    """The broker knows no way from this account to that endpoint."""


class Console:
    """An owner who asks; like the real console's, a question without an answer is asked again with the same id."""

    def __init__(self, address: BrokerAddress, account: Account) -> None:
        """Nothing happens before the first question."""
        self._address, self._account = address.as_user(account.uid, account.password), account
        self._waiting: dict[str | None, asyncio.Future[bytes]] = {}
        self._link: ConsoleLink | None = None
        self._opening = asyncio.Lock()
        self.heard: list[Delivery] = []

    async def ask(self, endpoint: str, *commands: Answer, limit_seconds: float = LIMIT_SECONDS) -> Answer:
        """Have commands carried out, and return the result of the last. Raises RefusedError, UnroutableError."""
        answers = await self.ask_all(endpoint, *commands, limit_seconds=limit_seconds)
        for answer in answers:
            if answer["outcome"] == "refused":
                raise RefusedError(answer["code"], answer["sentence"])
        return dict(answers[-1]["result"])

    async def ask_all(
        self, endpoint: str, *commands: Answer, limit_seconds: float = LIMIT_SECONDS, account: str | None = None
    ) -> list[Answer]:
        """Have commands carried out, and return every answer, refusals too. Raises UnroutableError."""
        request = secrets.token_hex(16)
        forms = cast("Sequence[CommandForm]", commands)
        body = write_request(request, account or self._account.uid, endpoint, forms)
        waiting = self._waiting[request] = asyncio.get_running_loop().create_future()
        deadline = time.monotonic() + limit_seconds
        while not waiting.done():
            await self._say(OutgoingMessage(endpoint, body, KINDS.request, request))
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{endpoint} did not answer {[command['kind'] for command in commands]}")
            await asyncio.wait({waiting}, timeout=min(ASK_AGAIN_SECONDS, left))
        reply = read_reply(self._waiting.pop(request).result())
        return [dict(answer) for answer in reply["replies"]]

    async def show(self, site: Site, interface: str) -> Answer:
        """Look at an interface."""
        return await self.ask(site.endpoint, {"kind": "show", "interface": interface})

    async def until(self, site: Site, interface: str, wanted: Mapping[str, object]) -> Answer:
        """Look at an interface until it shows what is wanted."""
        return await wait_for(
            lambda: self.show(site, interface),
            LIMIT_SECONDS,
            until=lambda seen: all(seen[name] == value for name, value in wanted.items()),
            what=f"{interface} on {site.endpoint} to show {wanted}",
        )

    async def timeline(self, site: Site, interface: str) -> list[Answer]:
        """Read an interface's durable timeline."""
        asked = {"kind": "timeline", "interface": interface, "after": 0, "limit": 1000}
        return list((await self.ask(site.endpoint, asked))["rows"])

    async def statuses(self, site: Site, interface: str) -> list[str]:
        """Read which statuses an interface really entered, in order."""
        return [row["status"] for row in await self.timeline(site, interface) if row["was"] != row["status"]]

    async def inbox(self, site: Site, interface: str) -> list[str]:
        """Read what arrived at an interface, in order."""
        bodies: list[str] = []
        after = 0
        while True:
            asked = {"kind": "inbox", "interface": interface, "after": after, "limit": 1000}
            page = await self.ask(site.endpoint, asked)
            if not page["payloads"]:
                return bodies
            bodies += [payload["body"] for payload in page["payloads"]]
            after = page["next"]

    async def counters(self, site: Site) -> dict[str, int]:
        """Read what a worker counted."""
        return dict((await self.ask(site.endpoint, {"kind": "worker"}))["counters"])

    async def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def _say(self, message: OutgoingMessage) -> None:
        try:
            link = await self._linked()
        except BrokerUnreachable:
            return
        addressed = OutgoingMessage(
            message.routing_key, message.body, message.type, message.correlation_id, link.reply_to
        )
        if await link.publish(addressed) is PublishResult.UNROUTABLE:
            raise UnroutableError(message.routing_key)

    async def _linked(self) -> ConsoleLink:
        async with self._opening:
            if self._link is None:
                link = ConsoleLink(
                    self._address,
                    account=self._account.uid,
                    name="test console",
                    on_delivery=self._hear,
                    on_lost=lambda _: self._forget(link),
                )
                await link.open()
                self._link = link
            return self._link

    def _forget(self, link: ConsoleLink) -> None:
        if self._link is link:
            self._link = None

    def _hear(self, delivery: Delivery) -> None:
        self.heard.append(delivery)
        waiting = self._waiting.get(delivery.correlation_id)
        if waiting is not None and not waiting.done() and delivery.type == KINDS.reply:
            waiting.set_result(delivery.body)


@asynccontextmanager
async def console(broker: BrokerForTests | BrokerAddress, account: Account) -> AsyncIterator[Console]:
    """Ask as this account for the length of a block."""
    address = broker if isinstance(broker, BrokerAddress) else broker.administrator_address
    asking = Console(address, account)
    try:
        yield asking
    finally:
        await asking.close()
