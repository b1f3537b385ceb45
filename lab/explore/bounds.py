"""The bounds of the model checker: how often each event may happen, and who is configured at first.

Whatever may happen in a bound may happen in every order and at every moment; loss, doubling, reordering, delay and a
crash before or after each commit are in all of them, because the network keeps all that was ever said.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from lab.explore.state import Budget


class Bound(NamedTuple):
    """How much may happen, and which owner has configured peer information before the beginning."""

    name: str
    budget: Budget
    configured: tuple[bool, bool] = (True, True)


SMALL: Final = (
    Bound("nothing but the network", Budget()),
    Bound("the initiator gives up once", Budget(give_ups=1)),
    Bound("the initiator gives up twice", Budget(give_ups=2)),
    Bound("the acceptor's owner is late", Budget(give_ups=1, configures=(0, 1)), (True, False)),
    Bound("both owners are late", Budget(give_ups=1, configures=(1, 1)), (False, False)),
    Bound("the initiator's owner is wrong at first", Budget(give_ups=1, configures=(2, 0), mistakes=1), (False, True)),
    Bound("the acceptor's owner is wrong at first", Budget(give_ups=1, configures=(0, 2), mistakes=1), (True, False)),
    Bound("both owners are wrong at first", Budget(give_ups=1, configures=(2, 2), mistakes=2), (False, False)),
    Bound("an owner is wrong, a command of each", Budget((1, 1), configures=(1, 1), mistakes=1), (False, False)),
    Bound("the acceptor's owner rejects", Budget(give_ups=1, rejections=1), (True, False)),
    Bound(
        "the acceptor's owner rejects and configures",
        Budget(configures=(0, 1), give_ups=1, rejections=1),
        (True, False),
    ),
    Bound("the acceptor's owner rejects, a command of the initiator's", Budget((1, 0), give_ups=1, rejections=1)),
    Bound("a payload each way", Budget(payloads=(1, 1))),
    Bound("two payloads each way", Budget(payloads=(2, 2))),
    Bound("a command of the initiator's", Budget((1, 0), (1, 0))),
    Bound("a command of the acceptor's", Budget((0, 1), (1, 0))),
    Bound("a command of each, a payload each way", Budget((1, 1), (1, 1))),
    Bound("a command of each, and a stranger who repeats", Budget((1, 1), (1, 0), stranger=True)),
    Bound("a command, and a stranger who says anything", Budget((1, 0), forger=True)),
    Bound("giving up, and a stranger who says anything", Budget(give_ups=1, forger=True)),
    Bound("a peer who lies once", Budget(byzantine=1)),
    Bound("a peer who lies once, and a late owner", Budget(byzantine=1, configures=(0, 1)), (True, False)),
    Bound(
        "a peer who lies once, and a wrong owner", Budget(byzantine=1, configures=(1, 1), mistakes=1), (False, False)
    ),
    Bound("a peer who lies once, and a payload", Budget(payloads=(1, 0), byzantine=1)),
    Bound("two commands of the initiator's", Budget((2, 0), (1, 0))),
    Bound("two commands of the acceptor's", Budget((0, 2), (1, 0))),
    Bound("a lost store", Budget(losses=1)),
    Bound("a backup put back", Budget(restores=1)),
)
"""Some seconds each at the most."""

LARGE: Final = (
    Bound("a lost store, and both owners configure again", Budget(configures=(1, 1), losses=1)),
    Bound(
        "a lost store, and owners configure again, one of them wrong", Budget(configures=(1, 1), mistakes=1, losses=1)
    ),
    Bound("a lost store, and the acceptor's owner rejects", Budget(give_ups=1, losses=1, rejections=1), (True, False)),
    Bound("a lost store, a payload of the initiator's", Budget(payloads=(1, 0), losses=1)),
    Bound("a lost store, a payload of the acceptor's", Budget(payloads=(0, 1), losses=1)),
    Bound("a lost store, a command of the initiator's", Budget((1, 0), losses=1)),
    Bound("a backup put back, a payload of the initiator's", Budget(payloads=(1, 0), restores=1)),
    Bound("a backup put back, a payload of the acceptor's", Budget(payloads=(0, 1), restores=1)),
    Bound("two commands of the initiator's, payloads, giving up", Budget((2, 0), (1, 1), give_ups=1)),
    Bound("two commands of the acceptor's, payloads, giving up", Budget((0, 2), (1, 1), give_ups=1)),
)
"""Up to half a minute each."""

LARGEST: Final = (
    Bound("a lost store, a payload each way", Budget(payloads=(1, 1), losses=1)),
    Bound("a backup put back, a payload each way", Budget(payloads=(1, 1), restores=1)),
    Bound("a lost store, a command of the acceptor's", Budget((0, 1), losses=1)),
    Bound("a lost store while the initiator gives up", Budget(give_ups=1, losses=1)),
    Bound("a backup put back, a command of the initiator's", Budget((1, 0), restores=1)),
    Bound("a backup put back, a command of the acceptor's", Budget((0, 1), restores=1)),
)
"""Some minutes together, for the command alone."""
