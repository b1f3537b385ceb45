"""The reasons for which a delivery is set aside, as one table: a code for programs, and what it means for people.

The reason in a dead letter is a sentence with particulars; the table tells which kind it is.
"""

import re
from typing import Final, NamedTuple


class Rejection(NamedTuple):
    """One kind of reason: `text` is how its sentences look, in which an ellipsis stands for particulars."""

    code: str
    text: str
    means: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a reason of this kind matches whole."""
        return re.compile(re.escape(self.text).replace("…", ".*"), re.DOTALL)


REJECTIONS: Final = (
    Rejection(
        "SenderNotProven",
        "the broker does not prove its sender",
        "it came through another exchange than the sender's, or without the sender's `user_id`",
    ),
    Rejection(
        "WrongAccount",
        "it claims another account than the broker proves",
        "the body names an account that did not send it",
    ),
    Rejection(
        "WrongEndpoint", "it is meant for another endpoint", "the body names another receiver than the queue's owner"
    ),
    Rejection("UnknownType", "unknown type of message", "neither a bundle nor a request: the AMQP property `type`"),
    Rejection(
        "NotOwner", "a request of an account that does not own this endpoint", "a command from somebody else's account"
    ),
    Rejection("NoReplyTo", "a request without reply_to", "there is nowhere to answer"),
    Rejection("TooLong", "the body has … bytes, more than …", "it is not looked at"),
    Rejection(
        "TooManyProblems", "… things are wrong with it", "the body breaks the schema in more than a thousand places"
    ),
    Rejection("NotJson", "Invalid JSON: …", "the body is none, or cut off"),
    Rejection(
        "OwnError",
        "… while it was handled",
        "an error of ours in handling this one; the worker's log has the rest. Please report it",
    ),
    Rejection(
        "SetAsideByBroker",
        "RabbitMQ: …",
        "no worker set it aside but RabbitMQ: `delivery_limit` is what was delivered twenty times without an "
        "acknowledgement",
    ),
    Rejection(
        "WrongForm",
        "…",
        "a place and what is wrong there, `messages.0.declare.version: …`: the body breaks the schema "
        "([bundle](bundle.schema.json), [requests](requests.schema.json)), and is never quoted",
    ),
)
"""The first that matches counts, so the one that matches everything is the last."""

BY_WORKERS: Final = tuple(one.code for one in REJECTIONS if one.code != "SetAsideByBroker")
"""The codes of reasons that workers have, and count."""

_PATTERNS: Final = tuple((one.code, one.pattern) for one in REJECTIONS)


def code_of(reason: str) -> str:
    """Which kind of reason this is."""
    return next(code for code, pattern in _PATTERNS if pattern.fullmatch(reason))
