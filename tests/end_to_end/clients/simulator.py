"""The simulator that the real clients call: `peering up` with two accounts, and a client of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.clients.calling import NODE, PYTHON, Client, Key, client, install
from tests.end_to_end.clients.flows import Vpc, new_vpc
from tests.end_to_end.programs import Up, peering_up

ALICE, BOB = "1000000000000001", "1000000000000002"
TOPOLOGY = f"""\
accounts:
  - {{uid: {ALICE}, name: alice}}
  - {{uid: {BOB}, name: bob}}
endpoints:
  - {{id: vpc-alice, kind: vpc, account: {ALICE}, region: cn-hangzhou, role: initiator}}
  - {{id: vpc-bob, kind: vpc, account: {BOB}, region: cn-hangzhou, role: acceptor}}
"""
CLIENTS = (*PYTHON, *NODE)
LIBRARIES = ("new", "old", "node", "pop-post")


@dataclass
class Simulator:
    """A running simulator, and everybody's clients in it, started when they are needed."""

    url: str
    keys: dict[str, Key]
    folder: Path
    started: ExitStack
    clients: dict[tuple[str, str, str], Client] = field(default_factory=dict)
    made: dict[tuple[str, str], list[Vpc]] = field(default_factory=dict)

    def client(self, which: str, account: str = ALICE, region: str = "cn-hangzhou") -> Client:
        """The client of this library, account and region."""
        place = (which, account, region)
        if place not in self.clients:
            made = client(which, self.url, self.keys[account], region)
            self.clients[place] = self.started.enter_context(made)
        return self.clients[place]

    def vpcs(self, owner: Client, count: int = 2) -> list[Vpc]:
        """VPCs of this client's account and region, made once: each test leaves them empty."""
        made = self.made.setdefault((owner.key.account, owner.region), [])
        while len(made) < count:
            made.append(new_vpc(owner))
        return made[:count]


def keys_of(up: Up) -> dict[str, Key]:
    """The access keys that `peering up` told."""
    return {one["account"]: Key(one["account"], one["access_key_id"], one["access_key_secret"]) for one in up.keys}


@contextmanager
def running_simulator(folder: Path) -> Iterator[Simulator]:
    """Run it in this folder, with the clients' libraries installed."""
    install()
    topology = folder / "simulator.yaml"
    topology.write_text(TOPOLOGY)
    with peering_up(topology, folder / "peering", PEERING_LISTEN="127.0.0.1:0") as up, ExitStack() as started:
        yield Simulator(up.url, keys_of(up), up.folder, started)
