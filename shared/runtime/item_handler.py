"""The item handler: what one item of a batch does within the batch's transaction."""

from __future__ import annotations

from shared.broker.messages import OutgoingMessage
from shared.protocol.events import Due, PeerStoreChanged, Received, Restate
from shared.protocol.interface import timers
from shared.protocol.messages import Declare, NotReady, Reason
from shared.protocol.words import Address, Timer
from shared.runtime.batch import Batch
from shared.runtime.command_handler import REPLY_LIMIT_BYTES, CommandHandler, shortened
from shared.runtime.items import IncomingBundle, IncomingNewer, IncomingRequest, Item, Restatement, Resync, Resynced
from shared.runtime.peers import PeerId
from shared.runtime.timers import Expired
from shared.store.sqlite import Store
from shared.wire.request import CHANGING, KINDS, write_reply


class ItemHandler:
    """Turns each item into events, and applies them to the interfaces that they are for."""

    def __init__(self, endpoint: str, store: Store, commands: CommandHandler) -> None:
        """Work on this store; `commands` answers what the owner asks."""
        self._endpoint, self._store, self._commands = endpoint, store, commands

    def handle(self, item: Item, batch: Batch, now: float) -> None:
        """Handle one item. `now` is monotonic seconds."""
        match item:
            case IncomingBundle() | IncomingNewer():
                self._receive(item, batch)
            case IncomingRequest():
                self._answer(item, batch, now)
            case Expired(interface, timer, attempt):
                if (state := self._store.load(interface)) is not None:
                    batch.retransmissions += timer is Timer.RESEND and timer in timers(state)
                    batch.apply(state, Due(timer, batch.nonce), f"timer {timer}", attempt=attempt)
            case Restatement(interface):
                if (state := self._store.load(interface)) is not None:
                    batch.apply(state, Restate(), "said again")
            case Resync(interface):
                if (state := self._store.load(interface)) is not None:
                    batch.apply(state, PeerStoreChanged(), "the peer's store is another")
            case Resynced(peer, store_id):
                self._store.memory.remember_store_id(*peer, store_id)

    def _receive(self, item: IncomingBundle | IncomingNewer, batch: Batch) -> None:
        """Apply a bundle's messages, and answer those that are for an interface that is not here.

        One of a newer version is answered with a bundle that says so, even if nothing else is in it.
        """
        if isinstance(item, IncomingNewer):
            batch.unread[item.peer] = item.version
            batch.outgoing.add_keepalive(item.peer)
            return
        _, sender, bundle = item
        peer = PeerId(bundle.endpoint, sender)
        batch.heard_from[peer] = bundle.store_id
        batch.unread.pop(peer, None)
        batch.unread_there.pop(peer, None)
        if bundle.unread is not None:
            batch.unread_there[peer] = bundle.unread
        for source, target, message in bundle.messages:
            address = Address(source, bundle.endpoint, sender)
            batch.outgoing.note_words(address, message)
            event = Received(address, message, batch.nonce)
            state = self._store.load(target)
            if state is not None:
                batch.receive(state, event)
            elif isinstance(message, Declare):
                answer = NotReady(None, message.epoch, message.version, Reason.PEER_NOT_CONFIGURED)
                batch.outgoing.add(target, address, answer)
        batch.received += len(bundle.messages)

    def _answer(self, item: IncomingRequest, batch: Batch, now: float) -> None:
        """Answer a request; one that was answered before gets the same reply and changes nothing."""
        _, request, reply_to = item
        name = request["request"]
        reply = self._store.memory.answer(name)
        if reply is None:
            answers = self._commands.carry_out(request, reply_to, batch, now)
            reply = write_reply(name, self._endpoint, answers)
            if len(reply) > REPLY_LIMIT_BYTES:
                reply = write_reply(name, self._endpoint, shortened(request, answers))
            if any(command["kind"] in CHANGING for command in request["commands"]):
                self._store.memory.remember(name, reply)
        batch.replies.append(OutgoingMessage(reply_to, reply, KINDS.reply, name))
