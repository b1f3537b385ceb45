"""The server's store: records that no worker holds, and what is remembered for a while, in one SQLite file.

Write-ahead logging without a flush per write: a console that is killed loses nothing, a machine that loses power may
lose the last moments. No connection depends on this file: a worker's store is another matter.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from console.web.cloud.records import Record
from console.web.errors import StoreError

R = TypeVar("R", bound=Record)

FILE_NAME: Final = "console.sqlite"
_SCHEMA: Final = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
PRAGMA busy_timeout=2000;
CREATE TABLE IF NOT EXISTS record (
  kind TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_owner ON record (kind, account, region);
DELETE FROM record WHERE kind = 'token'; -- version 0.1.0 kept here what a memo is now
CREATE TABLE IF NOT EXISTS memo (
  kind TEXT NOT NULL, id TEXT NOT NULL, until REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS memo_until ON memo (until);
"""


class CloudStore:
    """The web server's store. Every method raises StoreError if the file cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        """Open it, for the owner of the folder alone: it holds secrets."""
        self._path = folder / FILE_NAME
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            self._db = sqlite3.connect(self._path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._path} cannot be opened: {error}") from error
        try:
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"{self._path} cannot be read or written: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def put(self, record: Record) -> None:
        """Write a record, new or changed."""
        row = (record.kind, record.id, record.account, record.region, record.model_dump_json())
        self._do("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)", *row)

    def get(self, form: type[R], name: str) -> R | None:
        """Read a record."""
        rows = self._do("SELECT body FROM record WHERE kind = ? AND id = ?", form.kind, name)
        return self._read(form, rows[0][0]) if rows else None

    def every(self, form: type[R], account: str | None = None, region: str | None = None) -> list[R]:
        """Read all records of a sort, in the order of their ids; of one account and region where they are given."""
        query = (
            "SELECT body FROM record WHERE kind = ? AND account = coalesce(?, account)"
            " AND region = coalesce(?, region) ORDER BY id"
        )
        return [self._read(form, row[0]) for row in self._do(query, form.kind, account, region)]

    def remove(self, record: Record) -> None:
        """Forget a record."""
        self._do("DELETE FROM record WHERE kind = ? AND id = ?", record.kind, record.id)

    def remember(self, kind: str, name: str, now: float, until: float, body: str = "") -> bool:
        """Keep a memo until a time (Unix seconds); False if it is there already. What is past is let go of."""
        self._do("DELETE FROM memo WHERE until < ?", now)
        insert = "INSERT INTO memo VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
        return bool(self._do(insert, kind, name, until, body))

    def recall(self, kind: str, name: str, now: float) -> str | None:
        """Read a memo that is not past."""
        rows = self._do("SELECT body FROM memo WHERE kind = ? AND id = ? AND until >= ?", kind, name, now)
        return str(rows[0][0]) if rows else None

    def rewrite(self, kind: str, name: str, body: str) -> None:
        """Write a memo anew that is there already; it is kept as long as before."""
        self._do("UPDATE memo SET body = ? WHERE kind = ? AND id = ?", body, kind, name)

    def forget(self, kind: str, name: str | None = None) -> None:
        """Forget a memo, or all of a kind."""
        self._do("DELETE FROM memo WHERE kind = ? AND id = coalesce(?, id)", kind, name)

    def _do(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be read or written: {error}") from error

    def _read(self, form: type[R], body: str) -> R:
        try:
            return form.model_validate_json(body)
        except ValidationError as error:
            raise StoreError(f"{self._path} holds what this version cannot read: {error}") from error
