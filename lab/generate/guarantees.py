"""A promise without a figure is advertising, so the page of promises is printed from what the commands last said.

`make guarantees` runs the commands and keeps their figures in docs/guarantees/; this file is the words around them. A
property's own words are those of the function that checks it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lab.explore.run import ALWAYS, EVENTUALLY
from lab.explore.telling import sentence_of

FIGURES: Final = Path("docs/guarantees")
RUNS: Final = ("explore", "bugs", "simulate", "chaos")
"""What is run, and as what it is kept."""

_INTRODUCTION: Final = (
    "# What is promised",
    "",
    "Printed by `make docs` from the code and from what the commands said when they were last run with",
    "`make guarantees`. Each command exits 1 if a property is broken; none of the figures is written by hand.",
)

_ELSEWHERE: Final = """\
## Neighbours, and what has a test of its own

| promise | shown by |
|---|---|
| Nothing of another account can be touched: the broker decides who may say what | `hostile/test_borders.py` |
| Nobody commands, replays, or opens in another's name | `hostile/test_impostors.py` |
| A flood, a full queue or too many connections keep nobody else waiting | `hostile/test_floods.py` |
| No body and no property of a message stops a worker | `hostile/test_poison.py` |
| Whatever arrives is read or set aside, in no time | `unit/test_fuzz_wire.py`, `unit/test_fuzz_properties.py` |
| A topology file is read, or refused with its line | `unit/test_topology_file.py` |
| A client's certificate is a login, and of nobody else (TLS) | `integration/test_tls.py` |
| A worker killed at any place of a whole story loses nothing | `simulation/test_kill_points.py` |

The folders are those of `tests/`; `hostile` is in `integration` and runs against each broker of the ladder.

## Not promised

- That both ends change at the same moment: no protocol can (two generals). One may be Activated while the other still
  shows Accepting. Activated says that the peer has recorded it, not that it shows it.
- That a connection comes up while messages are lost for ever, or while an owner has not configured his end.
- That a lost store gives back what was in it: payloads that were accepted there and not yet delivered go with it. A
  sender whose store was put back from a copy says again what that copy does not know to have arrived.
- Anything against the broker's own operator, or whoever has an owner's password or certificate.
- Anything about a connection whose own peer lies: it can suspend, delete or confuse that connection, and no other.
- That a flood costs nothing: the machine is shared. Every bad letter is a line in the log, and the log has no limit of
  its own. A broker before 4.2.7 tells any account whether a queue exists and how many messages lie in it.
- That RabbitMQ reads a stranger's headers quickly: messages with a hundred kilobytes of nested headers keep RabbitMQ
  4.0 itself busy, and whoever is flooded with them serves others seconds late. Everybody else goes on.
- Without accounts (one broker user for everybody) that a sender is who it says; the worker says so when it starts.
- That a quorum queue works again that was deleted and declared anew while a node of its RabbitMQ was down: its members
  may disagree for good (rabbitmq-server issue 12366; `chaos` met it on 3.10.8). Nothing is lost, doubled or reordered
  by it, and nothing moves until an operator deletes the queue with all nodes up and provisions again.
- More than what was looked at: a search is complete within its bound, and a seed speaks for its own world.
"""


def guarantees_page(repository: Path) -> str:
    """The page; what was not run yet is said to be missing."""
    ran = {run: _read(repository / FIGURES / f"{run}.json") for run in RUNS}
    lines = [*_INTRODUCTION, "", "## Always, and in the end", "", "| property | in words |", "|---|---|"]
    lines += [f"| `{holds.__name__}` | {sentence_of(holds)} |" for holds in (*ALWAYS, EVENTUALLY)]
    lines += ["", "They are checked in every one of these ways, on the code that is shipped.", ""]
    for run, tell in (("explore", _explored), ("bugs", _bugs), ("simulate", _simulated), ("chaos", _broken)):
        figures = ran[run]
        lines += [*(tell(figures) if figures else (f"`{run}`: not run yet.",)), ""]
    return "\n".join([*lines, _ELSEWHERE])


def _read(file: Path) -> dict[str, Any] | None:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _explored(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Every order of events: `peering-lab explore`"
    yield ""
    yield f"{figures['worlds']:,} worlds in {len(figures['bounds'])} bounds; {_held(figures['held'])} Once nothing is"
    yield f"lost any more, both ends agree within {figures['worst_rounds']} rounds, from every one of these worlds."
    yield "Where a peer lies, that holds which one end can hold alone: `named` (its own owner named that peer),"
    yield "`admitted`, `in_turn`, and what is asked of a single step."
    yield ""
    yield "| what may happen, in any order, beside loss, doubling, reordering and delay | worlds | rounds | complete |"
    yield "|---|---|---|---|"
    for bound in figures["bounds"]:
        yield f"| {bound['name']} | {bound['worlds']:,} | {bound['rounds']} | {'yes' if bound['complete'] else 'NO'} |"


def _bugs(figures: Mapping[str, Any]) -> Iterator[str]:
    by_property: dict[str, list[str]] = {}
    for bug in figures["bugs"]:
        by_property.setdefault(bug["broken"] or "nothing", []).append(bug["name"])
    yield "## Bugs planted on purpose: `peering-lab explore --bugs`"
    yield ""
    yield f"{figures['bugs_caught']} of {len(figures['bugs'])} are caught, each by the property that it breaks."
    yield ""
    yield "| caught by | bugs |"
    yield "|---|---|"
    for name, bugs in sorted(by_property.items()):
        yield f"| `{name}` | {'; '.join(bugs)} |"


def _simulated(figures: Mapping[str, Any]) -> Iterator[str]:
    happened = figures["figures"]
    faults = sum(figures["faults"].values())
    yield f"## The real worker in worlds of faults: `peering-lab simulate --seeds {figures['seeds']}`"
    yield ""
    last = figures["first_seed"] + figures["seeds"] - 1
    yield f"Commit {figures['commit']}, seeds {figures['first_seed']} to {last}:"
    yield f"{figures['virtual_hours']} virtual hours, {faults:,} faults; {_held(not figures['broken'])}"
    yield f"All agreed {figures['worst_settled_seconds']} virtual seconds after the last fault at the latest."
    yield f"{happened.get('checks', 0):,} checks of pairs of ends, {happened.get('commits', 0):,} commits,"
    yield f"{happened.get('accepted payloads', 0):,} payloads accepted, {happened.get('set aside', 0):,} bad letters"
    yield f"set aside; {figures['covered']} pairs of a status and an event."
    yield ""
    yield "Faults: " + ", ".join(f"{count:,} {kind}" for kind, count in figures["faults"].items()) + "."


def _broken(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Real processes under real faults: `peering-lab chaos`"
    yield ""
    yield f"Seed {figures['seed']}: {figures['faults']:,} faults; {_held(not figures['broken'])}"
    yield ""
    yield "| stage | connections | faults | handshakes | payloads delivered | of those accepted | agreed after |"
    yield "|---|---|---|---|---|---|---|"
    for stage in figures["stages"]:
        yield (
            f"| {stage['stage']} | {stage['connections']:,} | {stage['faults_in_all']:,} | {stage['handshakes']:,} "
            f"| {stage['payloads_delivered']:,} | {stage['payloads_accepted']:,} | {stage['agreed_seconds']:.0f} s |"
        )
    yield ""
    yield "What was accepted and not delivered belonged to connections that their owners deleted."
    for stage in figures["stages"]:
        counted = ", ".join(f"{count} {kind}" for kind, count in stage["faults"].items())
        yield ""
        yield f"Faults of the stage `{stage['stage']}` that were felt: {counted}; full disks: {stage['disk']}."


def _held(held: object) -> str:
    return "all properties held." if held else "A PROPERTY WAS BROKEN."
