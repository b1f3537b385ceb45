"""The planted bugs in the opening and in the rules R0 to R5 of the registers."""

from __future__ import annotations

import acceptor.handshake
import initiator.handshake
import lab.explore.state
from lab.explore.bugs.budgets import FORGETFUL, GIVE_UP, LOST_STORE, ONE_COMMAND_EACH, PUT_BACK, TWO_COMMANDS
from lab.explore.bugs.planting import Bug, Edit
from lab.explore.state import Budget
from shared.protocol import interface, link, reception, registers

OPENING = (
    Bug(
        "a two-way handshake: an end is Activated without any acknowledgement",
        (
            Edit(interface, "Interface.acknowledged_by_peer", {" and self.acknowledged == self.version": ""}),
            Edit(interface, "status_of", {"if not state.acknowledged:": "if state.peer_epoch is None:"}),
        ),
        ONE_COMMAND_EACH,
        "confirmed",
    ),
    Bug(
        "anybody is taken for the peer",
        (Edit(interface, "Interface.is_peer", {"self.peer is not None and self.peer.address == sender": "True"}),),
        Budget(stranger=True),
        "stranger",
    ),
    Bug(
        "a stranger is told of this end's epoch",
        (Edit(reception, "_answer_unknown_sender", {"NotReady(None,": "NotReady(state.epoch,"}),),
        Budget(stranger=True),
        "stranger",
    ),
    Bug(
        "an end opens without peer information",
        (Edit(interface, "Interface.is_peer", {"self.peer is not None and ": "self.peer is None or "}),),
        Budget(configures=(0, 1)),
        "consent",
        configured=(True, False),
    ),
    Bug(
        "an end that has no peer information opens to whoever asks first",
        (Edit(interface, "Interface.is_peer", {"self.peer is not None and ": "self.peer is None or "}),),
        Budget(configures=(0, 1), byzantine=1),
        "named",
        configured=(True, False),
    ),
    Bug(
        "a NotReady is believed whatever it answers",
        (Edit(reception, "_receive_not_ready", {" or message.answers != state.version": ""}),),
        Budget(commands=(1, 0), configures=(0, 1)),
        "hold_respected",
        configured=(True, False),
    ),
    Bug(
        "the connect timeout ignores that the peer has answered",
        (Edit(initiator.handshake, "step", {" and state.peer_epoch is None": ""}),),
        Budget(commands=(1, 0), give_ups=1, losses=1),
        "hold_respected",
        limit_states=20_000,
    ),
    Bug(
        "giving up begins no new epoch",
        (Edit(initiator.handshake, "_give_up", {"renewed(state, state.epoch.number, nonce)": "state"}),),
        GIVE_UP,
        "agreement",
    ),
    Bug(
        "an end waits on for a peer that gave up",
        (Edit(acceptor.handshake, "_peer_started_over", {"return eligible and": "return False and"}),),
        GIVE_UP,
        "agreement",
    ),
    Bug(
        "an Initiate of an epoch that is over opens",
        (Edit(acceptor.handshake, "_is_asked", {"return newer_epoch_known(state, message) is None": "return True"}),),
        GIVE_UP,
        "agreement",
    ),
    Bug(
        "an end that opens again does so with the version that it had",
        (Edit(acceptor.handshake, "step", {"version=state.version + 1": "version=max(state.version, 1)"}),),
        Budget(give_ups=1, losses=1),
        "agreement",
    ),
    Bug(
        "a lost epoch is not noticed in a NotReady",
        (
            Edit(
                reception,
                "_receive_not_ready",
                {"if forgot(state, message.to_epoch):": "if message.to_epoch.number < 0:"},
            ),
        ),
        Budget(give_ups=1, losses=1),
        "agreement",
    ),
)

REGISTERS = (
    Bug(
        "R1 left out: a lost epoch is not noticed",
        (Edit(registers, "forgot", {"return spoken_to.number >= state.epoch.number": "return False"}),),
        LOST_STORE,
        "agreement",
    ),
    Bug(
        "R1 without the nonce: an epoch of the same number passes for the lost one",
        (
            Edit(
                registers, "forgot", {"spoken_to.number >= state.epoch.number": "spoken_to.number > state.epoch.number"}
            ),
        ),
        LOST_STORE,
        "agreement",
    ),
    Bug(
        "epochs are told apart by their number alone",
        (
            Edit(registers, "renewed", {"Epoch(number + 1, nonce)": "Epoch(number + 1, 0)"}),
            Edit(lab.explore.state, "created", {"Epoch(1, nonce)": "Epoch(1, 0)"}),
        ),
        LOST_STORE,
        "agreement",
    ),
    Bug(
        "a peer that says it has forgotten is not asked again",
        (Edit(link, "_unacknowledged_again", {"if state.reason is not None and": "if not state.open and"}),),
        FORGETFUL,
        "agreement",
    ),
    Bug(
        "a peer on another store is told something once, and never asked again",
        (Edit(link, "_with_raised_version", {"before.version + 1": "before.version"}),),
        FORGETFUL,
        "agreement",
    ),
    Bug(
        "a peer that says it has forgotten is asked in a way that one at rest does not answer",
        (Edit(link, "_unacknowledged_again", {"poll(state)": "declaration(state)"}),),
        LOST_STORE,
        "agreement",
    ),
    Bug(
        "R2 without the order of versions",
        (
            Edit(
                reception,
                "_record_register",
                {"message.version <= state.peer_version": "message.version == state.peer_version"},
            ),
        ),
        ONE_COMMAND_EACH,
        "forward",
    ),
    Bug(
        "R2 without the order of epochs",
        (Edit(registers, "succeeds", {"epoch.number > known.number": "epoch != known"}),),
        LOST_STORE,
        "forward",
    ),
    Bug(
        "the answering end does not raise its own version",
        (Edit(reception, "_record_register", {"version=state.version + answers": "version=state.version"}),),
        TWO_COMMANDS,
        "sometimes",
    ),
    Bug(
        "a new epoch of the peer's is answered with the version that the old one had",
        (Edit(reception, "_record_register", {"state.version + anew": "state.version"}),),
        Budget(give_ups=2, losses=1),
        "agreement",
        limit_states=75_000,
    ),
    Bug(
        "R3 without the epoch that is spoken to",
        (
            Edit(
                reception,
                "_record_acknowledgements",
                {"if message.to_epoch == state.epoch:": "if message.acknowledges <= state.version:"},
            ),
        ),
        LOST_STORE,
        "acknowledged",
    ),
    Bug(
        "R3 without the epoch that speaks",
        (Edit(reception, "_receive_declaration", {"if message.epoch == state.peer_epoch:": "if state.peer_epoch:"}),),
        LOST_STORE,
        "acknowledged",
    ),
    Bug(
        "acknowledgements outlive the epoch that they were given by",
        (Edit(registers, "adopted", {"        acknowledged=0,\n": ""}),),
        LOST_STORE,
        "agreement",
    ),
    Bug(
        "a new epoch begins with the acknowledgements of the old",
        (Edit(registers, "renewed", {", acknowledged=0": ""}),),
        PUT_BACK,
        "acknowledged",
    ),
    Bug(
        "a backup is put back in silence",
        (Edit(link, "step", {"state = renewed(before, before.epoch.number, nonce)": "state = before"}),),
        PUT_BACK._replace(commands=(1, 0)),
        "agreement",
    ),
    Bug(
        "R5 without end: every declaration is answered",
        (Edit(reception, "_receive_declaration", {"if news or lacks or not message.status.stable:": "if True:"}),),
        Budget(),
        "agreement",
    ),
    Bug(
        "R5 without the poll: an end that asks gets no answer",
        (Edit(reception, "_receive_declaration", {" or not message.status.stable": ""}),),
        ONE_COMMAND_EACH,
        "agreement",
    ),
)
