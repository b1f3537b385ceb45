"""The errors of the broker layer.

    BrokerLayerError
    ├── BrokerUnreachable           nobody answers, or the connection broke
    ├── BrokerRefused               the broker answers and says no
    ├── NoFreeSlot                  all of an account's queues for replies are in use
    ├── BrokerNotStarted            a broker of the program's own did not come up
    └── ControlPlaneError           the management API did not do what was asked
        └── ControlPlaneUnreachable     nobody answers there, or not yet

The runtime above it has no errors of its own: a worker waits for its broker, whatever it says, and ends only with the
store's StoreRefused; what is wrong with its settings is a ValueError.
"""


class BrokerLayerError(RuntimeError):
    """Base of every error of the broker layer; the message is a sentence for people, without secrets."""


class BrokerUnreachable(BrokerLayerError):
    """The broker does not answer, or the connection broke; waiting may cure it."""


class BrokerRefused(BrokerLayerError):
    """The broker answers and says no: credentials, permissions, virtual host. An administrator has to mend it."""


class NoFreeSlot(BrokerLayerError):
    """All of the account's queues for replies are in use, by other consoles: `slots` of them."""

    def __init__(self, sentence: str, slots: int) -> None:
        """`slots` is how many there are."""
        super().__init__(sentence)
        self.slots = slots


class BrokerNotStarted(BrokerLayerError):
    """The private broker did not come up; the message says why, with the end of its log."""


class ControlPlaneError(BrokerLayerError):
    """The broker could not be provisioned; the message says why."""


class ControlPlaneUnreachable(ControlPlaneError):
    """The management API does not answer at this address, or not yet; waiting may help."""
