"""The lean client of one account, which sends requests that were written beforehand.

Whoever measures must not be what is measured.

The same requests over the same broker as every client's, without its retries: an answer that does not come, or a
refusal that was not expected, ends the measurement.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Self

from lab.bench.results import BenchFailed
from lab.bench.sizes import COMMANDS_LIMIT, IN_FLIGHT_LIMIT_REQUESTS
from shared.broker.address import BrokerAddress
from shared.broker.amqp import ConsoleLink
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.wire import commands
from shared.wire.request import KINDS, AnswerForm, CommandForm, read_observations, read_reply, write_request

ANSWER_LIMIT_SECONDS: Final = 120.0

Rows = list[dict[str, Any]]


class PreparedRequest(NamedTuple):
    """A request, ready to be sent."""

    id: str
    endpoint: str
    body: bytes


class BenchClient:
    """One account's console, as lean as one can be."""

    def __init__(self, address: BrokerAddress, account: str) -> None:
        """Nothing happens before `async with`."""
        self.account = account
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._on_rows: Callable[[str, Rows], None] = lambda _endpoint, _rows: None
        self._reply_to = ""
        self._link = ConsoleLink(
            address, account=account, name=f"bench of {account}", on_delivery=self._take, on_lost=self._lose
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        self._reply_to = await self._link.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say goodbye."""
        await self._link.close()

    def write(self, endpoint: str, commands: Sequence[CommandForm]) -> list[PreparedRequest]:
        """Commands as requests, in order."""
        portions = [commands[at : at + COMMANDS_LIMIT] for at in range(0, len(commands), COMMANDS_LIMIT)]
        ids = [uuid.uuid4().hex for _ in portions]
        return [
            PreparedRequest(name, endpoint, write_request(name, self.account, endpoint, portion))
            for name, portion in zip(ids, portions, strict=True)
        ]

    async def send(self, written: PreparedRequest) -> list[AnswerForm]:
        """Send one request and return its answers. Raises BenchFailed if none comes."""
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[written.id] = waiting
        try:
            async with asyncio.timeout(ANSWER_LIMIT_SECONDS):
                outcome = await self._link.publish(
                    OutgoingMessage(written.endpoint, written.body, KINDS.request, written.id, self._reply_to)
                )
                if outcome is not PublishResult.CONFIRMED:
                    raise BenchFailed(f"a request to {written.endpoint} was not confirmed: {outcome}")
                return read_reply(await waiting)["replies"]
        except TimeoutError:
            raise BenchFailed(f"{written.endpoint} did not answer in {ANSWER_LIMIT_SECONDS:.0f} s") from None
        finally:
            del self._waiting[written.id]

    async def send_all(self, requests: Sequence[PreparedRequest]) -> list[list[AnswerForm]]:
        """Send requests in order, some at the same time."""
        window = asyncio.Semaphore(IN_FLIGHT_LIMIT_REQUESTS)

        async def one(written: PreparedRequest) -> list[AnswerForm]:
            async with window:
                return await self.send(written)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(written)) for written in requests]
        return [task.result() for task in tasks]

    async def ask(self, endpoint: str, command: CommandForm) -> dict[str, Any]:
        """One command's result. Raises BenchFailed if it is refused."""
        return done((await self.send(self.write(endpoint, [command])[0]))[0])

    async def carry_out(self, requests: Sequence[PreparedRequest]) -> None:
        """Send requests of which no command may be refused."""
        for answers in await self.send_all(requests):
            for answer in answers:
                done(answer)

    async def watch(self, endpoint: str, seconds: int, on_rows: Callable[[str, Rows], None]) -> None:
        """Be told of every new row of a worker's timeline, for a while."""
        self._on_rows = on_rows
        await self.ask(endpoint, commands.subscribe(None, None, seconds))

    def _take(self, delivery: Delivery) -> None:
        if delivery.type == KINDS.observations:
            told = read_observations(delivery.body)
            self._on_rows(told["endpoint"], told["rows"])
            return
        waiting = self._waiting.get(delivery.correlation_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(delivery.body)

    def _lose(self, reason: str) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(BenchFailed(f"the broker was lost: {reason}"))


def done(answer: AnswerForm) -> dict[str, Any]:
    """What an answer holds. Raises BenchFailed if it is a refusal."""
    if answer["outcome"] == "refused":
        raise BenchFailed(f"{answer['code']}: {answer['sentence']}")
    return answer["result"] or {}
