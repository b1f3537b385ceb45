"""Tests of planted mistakes of a worker: each is seen by the simulation."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lab.explore.bugs.planting import Bug, Edit, planted
from lab.explore.state import Budget
from lab.simulate import node
from lab.simulate.plan import Plan
from lab.simulate.simulation import Simulation, scratch_folder
from shared.protocol import link
from shared.runtime import batch, deliveries, item_handler, processor
from shared.store import sqlite

SEEDS_LIMIT = 400
"""Each is seen within this many runs of the fixed set; most within ten."""

KILLS = Plan(seconds=12.0, connections=3, commands=4, kills=8, loss=0.4, wrong_peers=0.5)
FULL_DISKS = Plan(seconds=12.0, connections=3, commands=2, full_disks=8, loss=0.6)
FORGOTTEN_ANSWERS = Plan(seconds=12.0, connections=3, commands=3, losses=1, loss=0.3, kills=8)
LOST_STORES = Plan(seconds=12.0, connections=3, commands=3, losses=1, loss=0.1)
BACKUPS = Plan(seconds=10.0, commands=12, restores=2)


class Planted(NamedTuple):
    """A bug, and the kind of run that it is looked for in: as the seed draws it, if no plan is given."""

    bug: Bug
    plan: Plan | None


def bug(name: str, *edits: Edit, plan: Plan | None = None) -> Planted:
    return Planted(Bug(name, edits, Budget(), ""), plan)


BUGS = (
    bug(
        "it acknowledges before it commits",
        Edit(node, "Node.work", {"outcome = self.run(": "self.queue.acknowledge(taken); outcome = self.run("}),
    ),
    bug(
        "it acknowledges and publishes before it commits",
        Edit(processor, "Processor._commit", {"self._store.commit()": "pass"}),
        Edit(
            node,
            "Node.work",
            {"self.conclude(taken, outcome)\n": "self.conclude(taken, outcome); self.disk.store.commit()\n"},
        ),
    ),
    bug(
        "it takes a batch for done that could not be made durable",
        Edit(node, "Node.work", {"self.inbox = taken + self.inbox": "self.queue.acknowledge(taken)"}),
    ),
    bug(
        "it believes that what is delivered again was done before",
        Edit(
            node,
            "Node.run",
            {"for delivery in taken": "for delivery in taken if not delivery.again"},
        ),
    ),
    bug(
        "it does not take up what was waiting when it ended",
        Edit(processor, "Processor.start", {"self._timers.schedule(interface, Timer.RESEND, now)": "pass"}),
        plan=KILLS,
    ),
    bug(
        "timers that were due while the disk was full are forgotten",
        Edit(
            processor,
            "Processor._put_back",
            {"self._timers.schedule(item.interface, item.timer, now)": "pass"},
        ),
        plan=FULL_DISKS,
    ),
    bug(
        "requests are not remembered",
        Edit(item_handler, "ItemHandler._answer", {"self._store.memory.remember(name, reply)": "pass"}),
    ),
    bug(
        "a request is remembered and not looked for",
        Edit(item_handler, "ItemHandler._answer", {"self._store.memory.answer(name)": "None"}),
    ),
    bug(
        "payloads are not kept until they have arrived",
        Edit(batch, "Batch._carry_out", {"self.store.payloads.keep(state.id, number, body)": "pass"}),
    ),
    bug(
        "kept payloads are not said again",
        Edit(batch, "Batch._carry_out", {"self._repeat(state, first, last, said)": "pass"}),
    ),
    bug(
        "a payload is in the inbox before its batch is durable",
        Edit(
            batch,
            "Batch._carry_out",
            {
                "self.store.payloads.deliver(state.id, self.at, number, body)": (
                    "self.store.payloads.deliver(state.id, self.at, number, body);"
                    "self.store._db.execute('COMMIT'); self.store._db.execute('BEGIN')"
                )
            },
        ),
    ),
    bug(
        "what could not be written is remembered all the same",
        Edit(
            sqlite,
            "Store.save",
            {"self._changed[state.id] = state": "self._changed[state.id] = self._cache[state.id] = state"},
        ),
    ),
    bug(
        "a store from a backup goes on in its old life",
        Edit(
            processor,
            "Processor.restore",
            {'batch.apply(state, Restored(nonce), "restored from a backup")': "pass"},
        ),
        plan=BACKUPS,
    ),
    bug(
        "changes of status are missing in the timeline",
        Edit(batch, "Batch._note", {"if was is not status or (": "if ("}),
    ),
    bug(
        "who is proven is not compared with who is claimed",
        Edit(deliveries, "_check", {"proven is not None and proven != claimed": "False"}),
    ),
    bug(
        "a peer on another store is told something once, and never asked again",
        Edit(link, "_with_raised_version", {"before.version + 1": "before.version"}),
        plan=FORGOTTEN_ANSWERS,
    ),
    bug(
        "that a peer lives on another store is learnt before anybody has asked it anew",
        Edit(
            processor,
            "Processor._keep_store_ids",
            {
                "if peer in batch.opened if known is None else known.store_id is None:": (
                    "if known is not None and known.store_id != store_id or peer in batch.opened:"
                )
            },
        ),
        plan=FORGOTTEN_ANSWERS,
    ),
    bug(
        "a peer that says nothing is not asked anything",
        Edit(processor, "Processor._keep_alive", {"self._peers.overdue(peer, now)": "False"}),
        plan=LOST_STORES,
    ),
)


@pytest.mark.parametrize("sought", BUGS, ids=lambda sought: sought.bug.name)
def test_it_is_caught(sought: Planted) -> None:
    with planted(sought.bug), scratch_folder() as folder:
        assert any(Simulation(seed, folder, plan=sought.plan).run().broken for seed in range(SEEDS_LIMIT))


@pytest.mark.parametrize("plan", [KILLS, FULL_DISKS, LOST_STORES, BACKUPS], ids=["kills", "disks", "losses", "backups"])
def test_nothing_is_caught_where_nothing_is_planted(plan: Plan) -> None:
    with scratch_folder() as folder:
        for seed in range(60):
            assert Simulation(seed, folder, plan=plan).run().broken is None, seed
