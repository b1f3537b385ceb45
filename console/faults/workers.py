"""Faults of workers: signals to the processes of our own supervisor, and stores that are lost or put back."""

from __future__ import annotations

import signal
from typing import Final

from console.client import Refused
from console.stack.errors import StackError
from console.stack.set_aside import StoreChange, change_store
from console.stack.stack import Stack
from console.stack.supervised import State

SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "continue": signal.SIGCONT}


def pid_of(stack: Stack | None, endpoint: str) -> int | None:
    """The process of an endpoint's worker; None if it is not ours, or not running."""
    if stack is None:
        return None
    found = (one for one in stack.supervisor.reports if one.name == endpoint)
    return next((one.pid for one in found if one.state is State.RUNNING), None)


def signal_worker(stack: Stack | None, endpoint: str, do: str) -> int:
    """Send an endpoint's worker the signal of this name; returns its process. Raises Refused NotSupervised."""
    pid = pid_of(stack, endpoint)
    if stack is None or pid is None:
        raise Refused("NotSupervised", f"The worker of {endpoint} does not run, or is not this program's to {do}.")
    stack.supervisor.send(endpoint, SIGNALS[do])
    return pid


async def change_worker_store(stack: Stack | None, endpoint: str, do: StoreChange) -> None:
    """Lose, copy or put back a worker's store. Raises Refused NotSupervised or StoreNotChanged, or Unanswered."""
    if stack is None or stack.report(endpoint) is None:
        raise Refused(
            "NotSupervised", f"The store of {endpoint} is not this program's to {do}: another runs its worker."
        )
    try:
        await change_store(stack, endpoint, do)
    except StackError as error:
        raise Refused("StoreNotChanged", f"{error}.") from error
