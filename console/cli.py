"""The program `peering`: the list of its commands, with what each prints and an example."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, NoReturn

import typer

from console.commands import control, dead_letters, faults, fields, lifecycle, looking, payloads, situations
from console.commands.broker import broker_start, broker_status, broker_stop
from console.commands.demo import demo
from console.commands.program import Commands, new_app, run_program
from console.commands.record import record
from console.commands.restart import backup, restart, restore
from console.commands.run import run
from console.commands.serve import serve
from console.commands.up import up

_CHANGED: Final = "outcome, interface, endpoint, status; for several, outcome and results [those fields of each]"
_MOVED: Final = f"outcome, messages [{fields.HELD}]"
_BESIDE: Final = "other (the peer's own view, or null), link (true, false, null if unknown), sentence, trouble"


class Entry(NamedTuple):
    """A command: what it does, what its `--json` prints, an example, and under which heading it is listed."""

    function: Callable[..., None]
    fields: str
    example: str
    panel: str

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed for it: `fault_add` is `fault add`, `dead_letters_list` is `dead-letters list`."""
        return tuple(word.replace("_", "-") for word in self.function.__name__.rsplit("_", 1))


_SETTING_UP: Final = "Set up and change"
_USING: Final = "Use"
_LOOKING: Final = "Look"
_RUNNING: Final = "Run"
_BREAKING: Final = "Break on purpose"

COMMANDS: Final = (
    Entry(
        lifecycle.create,
        f"outcome, interface, endpoint, status; with --both: outcome, link, sentence, initiator and acceptor, "
        f"each with {fields.INTERFACE}",
        "peering create --endpoint vpc-hangzhou --name office",
        _SETTING_UP,
    ),
    Entry(
        lifecycle.configure,
        "outcome, interface, endpoint, status, peer {interface, endpoint, account, region}",
        "peering configure ri-office --peer ri-lab@vpc-beijing --peer-account 1002",
        _SETTING_UP,
    ),
    Entry(lifecycle.initiate, _CHANGED, "peering initiate ri-office", _SETTING_UP),
    Entry(lifecycle.suspend, _CHANGED, "peering suspend ri-office ri-home", _SETTING_UP),
    Entry(lifecycle.resume, _CHANGED, "peering resume ri-office ri-home", _SETTING_UP),
    Entry(lifecycle.delete, _CHANGED, "peering delete ri-office", _SETTING_UP),
    Entry(
        payloads.send,
        "outcome, interface, endpoint, count, first, last (numbers of the payloads)",
        "seq 1000 | peering send ri-office -",
        _USING,
    ),
    Entry(
        payloads.inbox,
        f"interface, endpoint, payloads [{fields.PAYLOAD}]; with --follow, one payload a line",
        "peering inbox ri-lab --follow",
        _USING,
    ),
    Entry(
        looking.show,
        f"{fields.INTERFACE}, and beside it {_BESIDE}; without RI: interfaces [those], "
        "silent [endpoint, code, sentence of workers that did not answer], more (whether there are more)",
        "peering show ri-office",
        _LOOKING,
    ),
    Entry(
        looking.why,
        "interface, endpoint, status, link, asked_both, sentence",
        "peering why ri-office",
        _LOOKING,
    ),
    Entry(
        looking.wait,
        "outcome, interface, endpoint, status; when time is up also code, sentence, reason, reason_code",
        "peering wait ri-office --status Activated --timeout 30",
        _LOOKING,
    ),
    Entry(
        looking.watch,
        f"one object a line: endpoint, {fields.TIMELINE_ROW}",
        "peering watch --json",
        _LOOKING,
    ),
    Entry(
        looking.timeline,
        f"interface, endpoint, earlier (how many rows before these, null if not known), rows [{fields.TIMELINE_ROW}]",
        "peering timeline ri-office --since 15m",
        _LOOKING,
    ),
    Entry(
        looking.trace,
        "outcome, file, interfaces, messages, repeated, lost, doubled, disagreements, disagreement_seconds, "
        "earlier (how many moments before these); the fields of FILE.json: docs/trace.schema.json",
        "peering trace ri-office -o office.svg",
        _LOOKING,
    ),
    Entry(
        looking.worker,
        f"{fields.WORKER}; without ENDPOINT: workers [those], silent [endpoint, code, sentence]",
        "peering worker vpc-hangzhou",
        _LOOKING,
    ),
    Entry(
        faults.fault_add,
        f"outcome, {fields.FAULT}",
        "peering fault add drop --interface ri-office --message declare --which 1-2",
        _BREAKING,
    ),
    Entry(faults.fault_list, f"faults [{fields.FAULT}]", "peering fault list", _BREAKING),
    Entry(faults.fault_clear, "outcome, cleared [numbers]", "peering fault clear 3", _BREAKING),
    Entry(faults.held_list, f"held [{fields.HELD}]", "peering held list --interface ri-office", _BREAKING),
    Entry(faults.held_release, _MOVED, "peering held release 2 1", _BREAKING),
    Entry(faults.held_drop, _MOVED, "peering held drop 1", _BREAKING),
    Entry(faults.held_replay, _MOVED, "peering held replay 1", _BREAKING),
    Entry(faults.held_reorder, _MOVED, "peering held reorder 3 1", _BREAKING),
    Entry(situations.situation_list, "situations [name, sentence]", "peering situation list", _BREAKING),
    Entry(
        situations.situation_reach,
        "outcome, situation, initiator, acceptor (interfaces), healed",
        "peering situation reach activated-accepting --for 10",
        _BREAKING,
    ),
    Entry(
        control.provision,
        "outcome, rabbitmq, accounts, endpoints, exchanges, queues, bindings, policies, mended (wires), "
        "replaced (queues)",
        "peering provision topology.yaml --management http://admin:secret@localhost:15672",
        _RUNNING,
    ),
    Entry(
        dead_letters.dead_letters_list,
        f"dead_letters [{fields.DEAD_LETTER}], more (how many beside these)",
        "peering dead-letters list",
        _RUNNING,
    ),
    Entry(
        dead_letters.dead_letters_show,
        f"{fields.DEAD_LETTER}, body",
        "peering dead-letters show 0123456789abcdef",
        _RUNNING,
    ),
    Entry(
        dead_letters.dead_letters_replay,
        f"outcome, {fields.DEAD_LETTER}",
        "peering dead-letters replay 0123456789abcdef",
        _RUNNING,
    ),
    Entry(
        dead_letters.dead_letters_drop,
        "outcome, dropped (how many)",
        "peering dead-letters drop --all",
        _RUNNING,
    ),
    Entry(broker_start, f"outcome, {fields.WARM}", "peering broker start --for 2h", _RUNNING),
    Entry(broker_status, f"{fields.WARM}, rabbitmq, worlds [name, folder]", "peering broker status --json", _RUNNING),
    Entry(broker_stop, "outcome, stopped (whether there was one)", "peering broker stop", _RUNNING),
    Entry(record, "outcome, file, steps (how many)", "peering record story.yaml", _RUNNING),
    Entry(restart, "outcome, endpoint, pid, restarts", "peering restart vpc-hangzhou", _RUNNING),
    Entry(backup, "outcome, endpoint, file, bytes", "peering backup vpc-hangzhou hangzhou.sqlite", _RUNNING),
    Entry(
        restore,
        "outcome, endpoint, file, aside (where the former store lies)",
        "peering restore vpc-hangzhou hangzhou.sqlite",
        _RUNNING,
    ),
)

GROUPS: Final = {
    "fault": (_BREAKING, "Make things go wrong on purpose: messages, wires, workers."),
    "situation": (_BREAKING, "Reach named states in which the two ends disagree."),
    "held": (_BREAKING, "What becomes of messages that a fault holds."),
    "dead-letters": (_RUNNING, "Deliveries that were set aside: look, send again, throw away."),
    "broker": (_RUNNING, "A RabbitMQ that stays warm between commands, for a limited time."),
}

LONG_RUNNING: Final = (up, serve, demo, run)
"""Commands that run until they are ended, or tell a story."""


def make_app(typed: str = "") -> typer.Typer:
    """Make the program, with every command that there is; with `typed`, the first word, with those alone if any.

    To make all of them takes a fifth of the time that a help takes.
    """
    wanted = {typed} & {*(one.__name__ for one in LONG_RUNNING), *(one.words[0] for one in COMMANDS)}
    app = new_app("peering", "Peering connections whose two ends are separate processes, which agree by messages.")
    for function in LONG_RUNNING:
        if wanted <= {function.__name__}:
            app.command(function.__name__, rich_help_panel=_RUNNING)(function)
    groups = {}
    for group, (panel, summary) in GROUPS.items():
        if not wanted <= {group}:
            continue
        groups[group] = typer.Typer(name=group, cls=Commands, help=summary, no_args_is_help=True)
        app.add_typer(groups[group], rich_help_panel=panel)
    for entry in COMMANDS:
        if not wanted <= {entry.words[0]}:
            continue
        epilog = fields.epilog(entry.fields, entry.example)
        *group_of, name = entry.words
        place = groups[group_of[0]] if group_of else app
        place.command(name, epilog=epilog, rich_help_panel=None if group_of else entry.panel)(entry.function)
    return app


def main() -> NoReturn:
    """Run one command."""
    run_program(partial(make_app, *sys.argv[1:2]))


if __name__ == "__main__":
    main()
