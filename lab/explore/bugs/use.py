"""The planted bugs in commands and payloads."""

from __future__ import annotations

from lab.explore.bugs.budgets import GIVE_UP, ONE_COMMAND_EACH, TWO_COMMANDS
from lab.explore.bugs.planting import Bug, Edit
from lab.explore.state import Budget
from shared.protocol import commands, interface, link, reception, registers

COMMANDS = (
    Bug(
        "resuming lifts the peer's hold",
        (
            Edit(
                commands,
                "_resume",
                {
                    "return refuse(state, refusals.HELD_BY_PEER)": (
                        "return _change_intent(state.but(peer_intent=Intent.UP), Intent.UP)"
                    )
                },
            ),
        ),
        ONE_COMMAND_EACH,
        "holds_own",
    ),
    Bug(
        "the peer's suspension becomes this end's own",
        (
            Edit(
                reception,
                "_record_register",
                {"peer_intent=message.intent,": "peer_intent=message.intent, intent=message.intent,"},
            ),
        ),
        ONE_COMMAND_EACH,
        "own_intent",
    ),
    Bug(
        "the less restrictive intent wins",
        (
            Edit(
                interface, "status_of", {"max(state.intent, state.peer_intent)": "min(state.intent, state.peer_intent)"}
            ),
        ),
        ONE_COMMAND_EACH,
        "agreement",
    ),
    Bug(
        "a command raises no version",
        (Edit(commands, "_change_intent", {"version=state.version + 1": "version=state.version"}),),
        ONE_COMMAND_EACH,
        "agreement",
    ),
    Bug(
        "a tombstone that stays silent",
        (Edit(reception, "_answer_as_deleted", {"(Say(event.sender, answer),)": "()"}),),
        ONE_COMMAND_EACH,
        "agreement",
    ),
    Bug(
        "a deleted end can be resumed",
        (Edit(commands, "_resume", {"if state.intent is Intent.SUSPENDED:": "if state.intent is not Intent.UP:"}),),
        TWO_COMMANDS,
        "terminal",
    ),
    Bug(
        "a payload is accepted at any time",
        (Edit(commands, "_send", {"state.status is not Status.ACTIVATED or ": ""}),),
        TWO_COMMANDS,
        "sending",
    ),
    Bug(
        "a refusal that counts",
        (Edit(commands, "refuse", {"return Step(state,": "return Step(state.but(version=state.version + 1),"}),),
        ONE_COMMAND_EACH,
        "refusal",
    ),
)

PAYLOADS = (
    Bug(
        "an activation is named by one end's version alone",
        (
            Edit(
                interface,
                "Interface.activation",
                {"self.peer_epoch, self.peer_version": "self.peer_epoch, self.version"},
            ),
        ),
        GIVE_UP,
        "same_activation",
    ),
    Bug(
        "R6 without the activation",
        (
            Edit(
                reception,
                "_receive_data",
                {
                    "if message.activation.mirrored != state.activation:": "if state.activation is None:",
                    "acknowledged=state.version,": "acknowledged=state.acknowledged,",
                },
            ),
        ),
        TWO_COMMANDS,
        "delivery",
    ),
    Bug(
        "R6 by epochs alone",
        (
            Edit(
                reception,
                "_receive_data",
                {
                    "if message.activation.mirrored != state.activation:": (
                        "if not state.activation or message.activation.mirrored[::2] != state.activation[::2]:"
                    )
                },
            ),
        ),
        TWO_COMMANDS,
        "acknowledged",
    ),
    Bug(
        "delivery out of turn",
        (Edit(reception, "_receive_data", {"message.number == floor + 1": "message.number > floor"}),),
        Budget(payloads=(2, 0)),
        "once_in_order",
    ),
    Bug(
        "where the sender begins is believed against this end's own memory",
        (Edit(reception, "_receive_data", {"floor = max(state.received, message.base)": "floor = message.base"}),),
        Budget(payloads=(1, 0)),
        "in_turn",
    ),
    Bug(
        "a payload is delivered and acknowledges nothing",
        (Edit(reception, "_receive_data", {"acknowledged=state.version, ": ""}),),
        Budget(payloads=(1, 0)),
        "delivery",
    ),
    Bug(
        "the place in the peer's payloads outlives the peer's epoch",
        (Edit(registers, "adopted", {"        received=0,\n": ""}),),
        Budget(losses=1, payloads=(2, 0)),
        "agreement",
    ),
    Bug(
        "a receiver without memory does not ask where to begin",
        (Edit(reception, "_receive_data", {"floor = max(state.received, message.base)": "floor = state.received"}),),
        Budget(losses=1, payloads=(2, 0)),
        "agreement",
    ),
    Bug(
        "the arrival of payloads is not believed",
        (
            Edit(
                reception,
                "_record_acknowledgements",
                {"if message.received <= state.sent:": "if message.received < 0:"},
            ),
        ),
        Budget(payloads=(1, 0)),
        "agreement",
    ),
    Bug(
        "what nobody acknowledged is not said again",
        (
            Edit(link, "after_transition", {"if entered:": "if entered and not state.open:"}),
            Edit(
                link,
                "_unacknowledged_again",
                {"if state.status is Status.ACTIVATED and state.unacknowledged:": "if not state.open:"},
            ),
        ),
        TWO_COMMANDS,
        "agreement",
    ),
)
