"""The server's store: one SQLite table of records that no worker holds.

Write-ahead logging without a flush per write: a console that is killed loses nothing, a machine that loses power may
lose the last moments. No connection depends on this file: a worker's store is another matter.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final, TypeVar

from console.web.cloud.records import Record

R = TypeVar("R", bound=Record)

FILE_NAME: Final = "console.sqlite"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS record (
  kind TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_owner ON record (kind, account, region);
"""


class CloudStore:
    """The web server's store of records."""

    def __init__(self, folder: Path) -> None:
        """Open it, for the owner of the folder alone: it holds secrets."""
        path = folder / FILE_NAME
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=2000;")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def put(self, record: Record) -> None:
        """Write a record, new or changed."""
        row = (record.kind, record.id, record.account, record.region, record.model_dump_json())
        self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)", row)

    def get(self, form: type[R], name: str) -> R | None:
        """Read a record."""
        query = "SELECT body FROM record WHERE kind = ? AND id = ?"
        row = self._db.execute(query, (form.kind, name)).fetchone()
        return None if row is None else form.model_validate_json(row[0])

    def every(self, form: type[R], account: str | None = None, region: str | None = None) -> list[R]:
        """Read all records of a sort, in the order of their ids; of one account and region where they are given."""
        query = (
            "SELECT body FROM record WHERE kind = ? AND account = coalesce(?, account)"
            " AND region = coalesce(?, region) ORDER BY id"
        )
        rows = self._db.execute(query, (form.kind, account, region))
        return [form.model_validate_json(row[0]) for row in rows]

    def remove(self, record: Record) -> None:
        """Forget a record."""
        self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (record.kind, record.id))
