"""The client: it asks workers over the broker, under the name of the account whose endpoints they are."""

from console.client.client import ASK_LIMIT_SECONDS, Client, done
from console.client.errors import (
    BrokerError,
    ClientError,
    NoRoute,
    NotUnderstood,
    Refused,
    Unanswered,
    WorkerSilent,
)
from console.client.sessions import Connection

__all__ = [
    "ASK_LIMIT_SECONDS",
    "BrokerError",
    "Client",
    "ClientError",
    "Connection",
    "NoRoute",
    "NotUnderstood",
    "Refused",
    "Unanswered",
    "WorkerSilent",
    "done",
]
