"""The label of a message in timelines and logs.

Both ends must give a message the same one, or what was received could not be matched with what was sent.
"""

from __future__ import annotations

from shared.protocol.messages import Data, Declare, Message, NotReady
from shared.protocol.words import Epoch


def label(message: Message) -> str:
    """The message in one line, the same at the end that sends it and at the end that receives it."""
    match message:
        case Declare():
            name = "Initiate" if message.initiates else "Declare"
            return (
                f"{name} {message.epoch.number}.{message.version} {message.intent.word} "
                f"{message.status} ack {_epoch(message.to_epoch)}.{message.acknowledges} got {message.received}"
            )
        case NotReady():
            answered = f"{_epoch(message.to_epoch)}.{message.answers}"
            return f"NotReady {_epoch(message.epoch)} answers {answered} {message.reason}"
        case Data():  # pragma: no branch - there is no fourth kind of message, and mypy knows
            tag = message.activation
            ours, theirs = f"{_epoch(tag.epoch)}.{tag.version}", f"{_epoch(tag.peer_epoch)}.{tag.peer_version}"
            return f"Data {message.number} in {ours}/{theirs}"


def _epoch(epoch: Epoch | None) -> str:
    return "-" if epoch is None else str(epoch.number)
