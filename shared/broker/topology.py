"""The broker's topology: users, permissions, exchanges, queues, bindings and limits, as one definitions document.

Only the control plane makes bindings; accounts configure nothing. Topic permissions would be no boundary before
RabbitMQ 4.0.3, where CC headers pass them. The document is importable on 3.10 and 4.x at boot (`load_definitions`) and
through `POST /api/definitions`. Importing it twice changes nothing.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from shared.broker.declarations import (
    CONSOLE_LIMITS,
    CONSOLE_QUEUE_ARGUMENTS,
    DEAD_LETTER_LIMITS,
    DEAD_LETTER_LOOKS,
    ENDPOINT_LIMITS,
    ENDPOINT_QUEUE_ARGUMENTS,
    QUORUM_ARGUMENTS,
    Limits,
)
from shared.broker.names import (
    CONSOLE_SLOTS,
    DEAD_LETTER_EXCHANGE,
    DEAD_LETTER_KEY,
    DEAD_LETTER_QUEUE,
    OPEN_ACCOUNT,
    VHOST,
    checked_uid,
    console_queue_name,
    console_routing_key,
    endpoint_queues,
    exchange_name,
    login_name,
)

Definitions: TypeAlias = dict[str, Any]

USER_CONNECTIONS: Final = 64
USER_CHANNELS: Final = 256
"""What an account may open that owns no endpoint: its consoles, and programs of its own."""
ENDPOINT_CONNECTIONS: Final = 4
ENDPOINT_CHANNELS: Final = 16
"""What it may open more for each endpoint: a worker has two connections, and the one before it may still be ending."""
_SALT_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Account:
    """One RabbitMQ user; its uid is the login name, which RabbitMQ itself proves as `user_id`."""

    uid: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a uid that would mean something in a permission's pattern, or that is taken by open mode."""
        checked_uid(self.uid)
        if self.uid == OPEN_ACCOUNT:
            message = f"the account name {OPEN_ACCOUNT!r} is taken by brokers without accounts"
            raise ValueError(message)


def definitions(
    accounts: Sequence[Account],
    endpoints: Sequence[tuple[str, str]],
    administrator: Account | None = None,
    *,
    salt: bytes,
    senders: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Definitions:
    """Describe the whole broker: users, permissions, exchanges, queues, bindings, limits.

    `endpoints` are pairs of owner uid and endpoint id. `senders` are the accounts that may speak to an endpoint, its
    owner among them; to one that is not named there, all may. `salt` makes the password hashes; a fixed one reproduces
    the document byte by byte, a random one is safer. Raises ValueError for accounts that are not in `accounts`.
    """
    owned = Counter(owner for owner, _ in endpoints)
    uids = [account.uid for account in accounts]
    heard = {endpoint: senders.get(endpoint, uids) for _, endpoint in endpoints}
    strangers = sorted({*owned, *(uid for some in heard.values() for uid in some)} - set(uids))
    if strangers:
        message = f"endpoints of accounts that are not in the topology: {', '.join(strangers)}"
        raise ValueError(message)
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            *_administrator_user(administrator, salt),
            *(_user(one, salt, [], account_limits(owned[one.uid])) for one in accounts),
        ],
        "permissions": [*_administrator_permission(administrator), *(_account_permission(uid) for uid in uids)],
        "policies": _policies(),
        "exchanges": [_exchange(DEAD_LETTER_EXCHANGE, "fanout"), *(_exchange(exchange_name(uid)) for uid in uids)],
        "queues": [
            _queue(DEAD_LETTER_QUEUE, QUORUM_ARGUMENTS),
            *(queue for uid in uids for queue in console_definitions(uid, range(CONSOLE_SLOTS))["queues"]),
            *(queue for owner, one in endpoints for queue in _endpoint_queue_entries(owner, one, heard[one])),
        ],
        "bindings": [
            _binding(DEAD_LETTER_EXCHANGE, "", DEAD_LETTER_QUEUE),
            *(binding for uid in uids for binding in _account_bindings(uid)),
            *(binding for owner, one in endpoints for binding in _endpoint_bindings(owner, one, heard[one])),
        ],
    }


def in_world(document: Definitions, vhost: str, administrator: str) -> Definitions:
    """The same topology in the virtual host of a world, with its own logins; an administrator may do all there."""
    return {
        **{
            kind: [{**one, "vhost": vhost} for one in entries] for kind, entries in document.items() if kind != "vhosts"
        },
        "users": [{**one, "name": login_name(one["name"], vhost)} for one in document.get("users", ())],
        "permissions": [
            *(
                {**one, "vhost": vhost, "user": login_name(one["user"], vhost)}
                for one in document.get("permissions", ())
            ),
            {**_permission(administrator, ".*", ".*", ".*"), "vhost": vhost},
        ],
    }


def endpoint_definitions(owner: str, endpoint: str, senders: Sequence[str]) -> Definitions:
    """Describe one more endpoint on a broker whose accounts exist already."""
    return {
        "queues": _endpoint_queue_entries(owner, endpoint, senders),
        "bindings": _endpoint_bindings(owner, endpoint, senders),
    }


def console_definitions(uid: str, slots: Sequence[int]) -> Definitions:
    """Describe queues for replies of an account that exists already."""
    return {
        "queues": [_queue(console_queue_name(uid, slot), CONSOLE_QUEUE_ARGUMENTS) for slot in slots],
        "bindings": [
            _binding(exchange_name(uid), console_routing_key(slot), console_queue_name(uid, slot)) for slot in slots
        ],
    }


def account_limits(endpoints: int) -> dict[str, int]:
    """How many connections and channels an account may open that owns so many endpoints."""
    return {
        "max-connections": USER_CONNECTIONS + ENDPOINT_CONNECTIONS * endpoints,
        "max-channels": USER_CHANNELS + ENDPOINT_CHANNELS * endpoints,
    }


def password_hash(password: str, salt: bytes) -> str:
    """Hash a password as RabbitMQ stores it: 4 bytes of salt, then SHA-256 of salt and password, in base64."""
    if len(salt) != _SALT_BYTES:
        message = f"RabbitMQ salts with {_SALT_BYTES} bytes, not {len(salt)}"
        raise ValueError(message)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _user_salt(salt: bytes, uid: str) -> bytes:
    """Give each user another salt, so that equal passwords don't show."""
    return hashlib.sha256(salt + uid.encode()).digest()[:_SALT_BYTES]


def _user(account: Account, salt: bytes, tags: list[str], limits: dict[str, int]) -> dict[str, Any]:
    return {
        "name": account.uid,
        "password_hash": password_hash(account.password, _user_salt(salt, account.uid)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": tags,
        "limits": limits,
    }


def _administrator_user(administrator: Account | None, salt: bytes) -> list[dict[str, Any]]:
    return [] if administrator is None else [_user(administrator, salt, ["administrator"], {})]


def _permission(user: str, configure: str, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}


def _account_permission(uid: str) -> dict[str, str]:
    """Escape and anchor: RabbitMQ's patterns match anywhere in a name unless told otherwise."""
    return _permission(
        uid,
        configure="^$",
        write=rf"^{re.escape(exchange_name(uid))}$",
        read=rf"^peering\.(q|console)\.{re.escape(uid)}\..*$",
    )


def _administrator_permission(administrator: Account | None) -> list[dict[str, str]]:
    return [] if administrator is None else [_permission(administrator.uid, ".*", ".*", ".*")]


def _policies() -> list[dict[str, Any]]:
    def policy(name: str, pattern: str, definition: Limits) -> dict[str, Any]:
        return {
            "vhost": VHOST,
            "name": name,
            "pattern": pattern,
            "apply-to": "queues",
            "priority": 10,
            "definition": dict(definition),
        }

    dead_letters = {**DEAD_LETTER_LIMITS, "delivery-limit": DEAD_LETTER_LOOKS}
    return [
        policy("peering-endpoints", r"^peering\.q\.", ENDPOINT_LIMITS),
        policy("peering-consoles", r"^peering\.console\.", CONSOLE_LIMITS),
        policy("peering-dead-letters", rf"^{re.escape(DEAD_LETTER_QUEUE)}$", dead_letters),
    ]


def _exchange(name: str, kind: str = "direct") -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(name: str, arguments: Mapping[str, str | int]) -> dict[str, Any]:
    return {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": dict(arguments)}


def _binding(exchange: str, routing_key: str, queue: str) -> dict[str, Any]:
    return {
        "source": exchange,
        "vhost": VHOST,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": routing_key,
        "arguments": {},
    }


def _endpoint_queue_entries(owner: str, endpoint: str, senders: Sequence[str]) -> list[dict[str, Any]]:
    return [_queue(queue.name, ENDPOINT_QUEUE_ARGUMENTS) for queue in endpoint_queues(owner, endpoint, senders)]


def _endpoint_bindings(owner: str, endpoint: str, senders: Sequence[str]) -> list[dict[str, Any]]:
    return [
        _binding(queue.exchange, queue.routing_key, queue.name) for queue in endpoint_queues(owner, endpoint, senders)
    ]


def _account_bindings(uid: str) -> list[dict[str, Any]]:
    consoles = console_definitions(uid, range(CONSOLE_SLOTS))["bindings"]
    return [_binding(exchange_name(uid), DEAD_LETTER_KEY, DEAD_LETTER_QUEUE), *consoles]
