"""The evidence that a chaos run leaves behind to be checked: the contents of each store, and what owners were promised.

The files that the workers left are read; the workers are not asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.chaos.history import ANSWERED, ASKED, Entry
from lab.chaos.workers import Connection, Worker
from shared.protocol.interface import Interface
from shared.protocol.words import LAST_NUMBER
from shared.store.memory import ANSWERED_LIMIT_REQUESTS, TimelineRow
from shared.store.payloads import Received
from shared.store.sqlite import Store
from shared.wire.request import CHANGING, AnswerForm, CommandForm, read_reply

_PAGE_ROWS: Final = 10_000


@dataclass(slots=True)
class Remembered:
    """What one worker's store holds."""

    interfaces: dict[str, Interface] = field(default_factory=dict)
    timelines: dict[str, list[TimelineRow]] = field(default_factory=dict)
    inboxes: dict[str, list[Received]] = field(default_factory=dict)
    outboxes: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    answers: dict[str, list[AnswerForm]] = field(default_factory=dict)


@dataclass(slots=True)
class Asked:
    """One request of an owner's; `answers` is None if none ever came, so that its fate is not known."""

    endpoint: str
    commands: Sequence[CommandForm]
    answers: Sequence[AnswerForm] | None = None

    @property
    def changes(self) -> bool:
        """Whether the worker has to remember what it answered."""
        return any(command["kind"] in CHANGING for command in self.commands)


@dataclass(slots=True)
class Promised:
    """What the owner of one interface was told, and what may have been done without his knowing."""

    numbers: list[tuple[int, str]] = field(default_factory=list)
    """Payloads that were accepted, with the numbers they were given."""
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    perhaps: Counter[str] = field(default_factory=Counter)
    """Commands by kind: those that were answered with `done`, and those without an answer."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a run left behind: what each endpoint's store remembers, and what was asked of it."""

    connections: Sequence[Connection]
    stores: Mapping[str, Remembered]
    requests: Mapping[str, Asked]


def asked_in(entries: Iterable[Entry]) -> dict[str, Asked]:
    """Every request of a history, by its id."""
    requests: dict[str, Asked] = {}
    for entry in entries:
        if entry["what"] == ASKED:
            requests[entry["request"]] = Asked(entry["endpoint"], entry["commands"])
        elif entry["what"] == ANSWERED:
            requests[entry["request"]].answers = entry["answers"]
    return requests


def remembered(path: Path, worker: Worker, requests: Mapping[str, Asked]) -> Remembered:
    """Read a store whose worker has ended. Raises FileNotFoundError, or StoreRefused if it is not whole."""
    if not path.is_file():
        raise FileNotFoundError(path)
    store = Store(path, worker.endpoint, worker.role)
    store.open(nonce=0)
    try:
        found = Remembered()
        for interface in store.everything():
            state = store.load(interface)
            if state is not None:
                found.interfaces[interface] = state
                found.inboxes[interface] = store.payloads.inbox(interface, 0, LAST_NUMBER)
                found.outboxes[interface] = store.payloads.kept(interface, 0, LAST_NUMBER)
        found.timelines = _timelines(store)
        mine = [request for request, asked in requests.items() if asked.endpoint == worker.id and asked.changes]
        for request in mine[-ANSWERED_LIMIT_REQUESTS:]:
            reply = store.memory.answer(request)
            if reply is not None:
                found.answers[request] = read_reply(reply)["replies"]
        return found
    finally:
        store.close()


def _timelines(store: Store) -> dict[str, list[TimelineRow]]:
    found: defaultdict[str, list[TimelineRow]] = defaultdict(list)
    after = 0
    while rows := store.memory.timeline(None, after, _PAGE_ROWS):
        for row in rows:
            found[row.interface].append(row)
        after = rows[-1].place
    return dict(found)


def promises(requests: Iterable[Asked]) -> dict[str, Promised]:
    """What each interface's owner was promised."""
    found: defaultdict[str, Promised] = defaultdict(Promised)
    for asked in requests:
        unknown: Sequence[AnswerForm | None] = [None] * len(asked.commands)
        answers = unknown if asked.answers is None else asked.answers
        for command, answer in zip(asked.commands, answers, strict=True):
            if command["kind"] in CHANGING:
                _record(found[str(command.get("interface"))], command, answer)
    return dict(found)


def _record(promised: Promised, command: CommandForm, answer: AnswerForm | None) -> None:
    kinds = [command["kind"]]
    if command["kind"] == "create" and command["initiate"]:
        kinds.append("initiate")
    if answer is None:
        promised.perhaps.update(kinds)
    elif answer["outcome"] == "done":
        promised.done.update(kinds)
    if command["kind"] != "send":
        return
    if answer is None:
        promised.unknown.add(command["body"])
    elif answer["outcome"] == "refused":
        promised.refused.add(command["body"])
    else:
        promised.numbers.append((int((answer["result"] or {})["number"]), command["body"]))
