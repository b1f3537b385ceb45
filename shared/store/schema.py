"""The tables of a store, and how an interface becomes a row and comes back.

A record is kept in columns rather than as a document, so that a person with `sqlite3` can read it. What is changed here
is another format: SCHEMA_VERSION is raised, and `migration.py` gets the step that leads there.
"""

from __future__ import annotations

from typing import Final

from shared.protocol.interface import Interface, timers
from shared.protocol.messages import Reason
from shared.protocol.words import Address, Endpoint, Epoch, Intent, PeerInformation, Role, Status
from shared.store.database import Row

SCHEMA_VERSION: Final = 2

DELETED: Final = """
CREATE TABLE IF NOT EXISTS deleted (
    interface TEXT PRIMARY KEY, since REAL, emptied INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
"""
"""The deleted interfaces that have left something behind; `since` is null until the first slice of `reclaim.py`."""

SCHEMA: Final = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE interface (
    id TEXT PRIMARY KEY, name TEXT NOT NULL,
    peer_interface TEXT, peer_endpoint TEXT, peer_account TEXT, peer_region TEXT,
    open INTEGER NOT NULL, epoch_number INTEGER NOT NULL, epoch_nonce INTEGER NOT NULL,
    version INTEGER NOT NULL, intent INTEGER NOT NULL,
    peer_epoch_number INTEGER, peer_epoch_nonce INTEGER,
    peer_version INTEGER NOT NULL, peer_intent INTEGER NOT NULL, peer_status TEXT,
    acknowledged INTEGER NOT NULL,
    sent INTEGER NOT NULL, sent_acknowledged INTEGER NOT NULL, received INTEGER NOT NULL,
    reason TEXT, caller TEXT,
    status TEXT NOT NULL, waiting INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX interface_peer ON interface (peer_endpoint, id) WHERE open = 1;
CREATE TABLE outbox (
    interface TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (interface, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
    place INTEGER PRIMARY KEY, interface TEXT NOT NULL, at REAL NOT NULL, number INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_interface ON inbox (interface, place);
CREATE TABLE timeline (
    place INTEGER PRIMARY KEY, interface TEXT NOT NULL, at REAL NOT NULL, was TEXT NOT NULL,
    status TEXT NOT NULL, cause TEXT NOT NULL, said TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_interface ON timeline (interface, place);
CREATE TABLE answered (
    place INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, reply BLOB NOT NULL
) STRICT;
CREATE TABLE peer (endpoint TEXT NOT NULL, account TEXT NOT NULL, store_id INTEGER NOT NULL,
    PRIMARY KEY (endpoint, account)) STRICT, WITHOUT ROWID;
{DELETED}"""

TABLES: Final = frozenset({"meta", "interface", "outbox", "inbox", "timeline", "answered", "peer", "deleted"})

COLUMNS: Final = (
    "id, name, peer_interface, peer_endpoint, peer_account, peer_region, open, epoch_number, epoch_nonce, "
    "version, intent, peer_epoch_number, peer_epoch_nonce, peer_version, peer_intent, peer_status, "
    "acknowledged, sent, sent_acknowledged, received, reason, caller"
)


def to_row(state: Interface) -> Row:
    """The row of an interface: its columns, then what is derived and stored only to be searched for."""
    peer, peer_epoch, caller = state.peer, state.peer_epoch, state.caller
    return (
        state.id,
        state.name,
        *((None,) * 4 if peer is None else (peer.interface, peer.endpoint, peer.account, peer.region)),
        int(state.open),
        *state.epoch,
        state.version,
        int(state.intent),
        *((None, None) if peer_epoch is None else peer_epoch),
        state.peer_version,
        int(state.peer_intent),
        state.peer_status,
        state.acknowledged,
        state.sent,
        state.sent_acknowledged,
        state.received,
        state.reason,
        None if caller is None else " ".join(caller),
        state.status,
        int(bool(timers(state))),
    )


def from_row(row: Row, endpoint: Endpoint, role: Role) -> Interface:
    """The interface that a row of COLUMNS describes, on this endpoint and in this role."""
    name, peer, peer_epoch, caller = row[1], row[2:6], row[11], row[21]
    return Interface(
        id=row[0],
        endpoint=endpoint,
        role=role,
        epoch=Epoch(row[7], row[8]),
        name=name,
        peer=None if peer[0] is None else PeerInformation(*peer),
        open=bool(row[6]),
        version=row[9],
        intent=Intent(row[10]),
        peer_epoch=None if peer_epoch is None else Epoch(peer_epoch, row[12]),
        peer_version=row[13],
        peer_intent=Intent(row[14]),
        peer_status=None if row[15] is None else Status(row[15]),
        acknowledged=row[16],
        sent=row[17],
        sent_acknowledged=row[18],
        received=row[19],
        reason=None if row[20] is None else Reason(row[20]),
        caller=None if caller is None else Address(*caller.split(" ")),
    )
