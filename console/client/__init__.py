"""A console is a correspondent and not a shell: it writes, repeats itself, and believes only what is answered."""

from console.client.client import ASK_LIMIT_SECONDS, Console, done
from console.client.errors import (
    BrokerTrouble,
    ConsoleTrouble,
    NoRoute,
    NotUnderstood,
    Refused,
    WorkerSilent,
)
from console.client.sessions import Line

__all__ = [
    "ASK_LIMIT_SECONDS",
    "BrokerTrouble",
    "Console",
    "ConsoleTrouble",
    "Line",
    "NoRoute",
    "NotUnderstood",
    "Refused",
    "WorkerSilent",
    "done",
]
