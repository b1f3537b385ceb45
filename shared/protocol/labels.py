"""Both ends must name a message alike, or nobody could tell what arrived from what was said."""

from __future__ import annotations

from typing import Final

from shared.protocol.messages import Data, Declare, Message, NotReady
from shared.protocol.words import Epoch, Intent

_INTENTS: Final = {intent: intent.name.lower() for intent in Intent}


def label(message: Message) -> str:
    """A message in one line, the same at the end that says it and at the end that hears it."""
    match message:
        case Declare():
            name = "Declare" if message.claims is None else "Initiate"
            return (
                f"{name} {message.epoch.number}.{message.version} {_INTENTS[message.intent]} "
                f"{message.status} ack {_epoch(message.to_epoch)}.{message.acknowledges} got {message.received}"
            )
        case NotReady():
            answered = f"{_epoch(message.to_epoch)}.{message.answers}"
            return f"NotReady {_epoch(message.epoch)} answers {answered} {message.reason}"
        case Data():
            tag = message.activation
            ours, theirs = f"{_epoch(tag.epoch)}.{tag.version}", f"{_epoch(tag.peer_epoch)}.{tag.peer_version}"
            return f"Data {message.number} in {ours}/{theirs}"


def _epoch(epoch: Epoch | None) -> str:
    return "-" if epoch is None else str(epoch.number)
