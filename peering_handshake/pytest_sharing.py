"""The simulator that processes of pytest-xdist share, and the worlds that one test after the other has to itself.

The simulator is run by the process that starts the others, once one of them asks for it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from typing import Final

from peering_handshake.errors import NotStarted, PeeringError
from peering_handshake.simulator import Simulator
from peering_handshake.starting import running
from peering_handshake.talking import Access

Address = tuple[str, int, str]
"""Where to ask: host, port, and a key that both sides prove to have."""
_HOST: Final = "127.0.0.1"
_WAITING_PROCESSES: Final = 128
_ASKED, _END = b"asked", b"end"


class SharedSimulator:
    """A simulator that is started when a process asks for it for the first time."""

    def __init__(self, accounts: Sequence[str]) -> None:
        """Listen; nothing is started yet."""
        self._accounts = accounts
        self._key = secrets.token_bytes(32)
        self._listener = Listener((_HOST, 0), backlog=_WAITING_PROCESSES, authkey=self._key)
        self._until_end = contextlib.ExitStack()
        self._answer = b""
        self._serving = threading.Thread(target=self._serve, name="peering simulator", daemon=True)
        self._serving.start()

    @property
    def address(self) -> Address:
        """Where a process asks for it."""
        return (_HOST, int(self._listener.address[1]), self._key.hex())

    def end(self) -> None:
        """End it, if it was started."""
        with Client((_HOST, self.address[1]), authkey=self._key) as connection:
            connection.send_bytes(_END)
        self._serving.join()
        self._listener.close()
        self._until_end.close()

    def _serve(self) -> None:
        """Answer those that ask, one after the other, until the end."""
        while True:
            with contextlib.suppress(OSError, EOFError, AuthenticationError), self._listener.accept() as connection:
                if connection.recv_bytes() == _END:
                    return
                self._answer = self._answer or self._started()
                connection.send_bytes(self._answer)

    def _started(self) -> bytes:
        """Start it, and return what those that ask are told; the same if it did not start: nobody tries again."""
        try:
            return json.dumps(self._until_end.enter_context(running(self._accounts))).encode()
        except NotStarted as error:
            return json.dumps({"code": error.code, "sentence": error.sentence}).encode()


def ask(address: Address) -> Access:
    """Ask for the simulator that all share. Raises NotStarted."""
    host, port, key = address
    with Client((host, port), authkey=bytes.fromhex(key)) as connection:
        connection.send_bytes(_ASKED)
        answer = json.loads(connection.recv_bytes())
    if isinstance(answer, dict):
        raise NotStarted(answer["code"], answer["sentence"])
    return Access(*answer)


class Worlds:
    """The worlds of this process, by their accounts: each serves one test after the other, and is reset between."""

    def __init__(self, simulator: Simulator) -> None:
        """None is made yet."""
        self._simulator = simulator
        self._kept: dict[tuple[str, ...], tuple[Simulator, contextlib.ExitStack]] = {}

    def fresh(self, *accounts: str) -> Simulator:
        """Return one in which nothing is: made anew, where there is none yet or one cannot be reset.

        A reset takes a tenth of the time. It clears faults and rules, and deletes all that was made in the world.
        """
        if accounts in self._kept:
            world, until_end = self._kept[accounts]
            try:
                world.reset()
            except PeeringError:  # a test has stopped a worker, or killed more than comes back
                del self._kept[accounts]
                until_end.close()
            else:
                return world
        until_end = contextlib.ExitStack()
        world = until_end.enter_context(self._simulator.world(accounts))
        self._kept[accounts] = world, until_end
        return world

    def end(self) -> None:
        """End all of them."""
        with contextlib.ExitStack() as everything:
            for _, until_end in self._kept.values():
                everything.push(until_end)
