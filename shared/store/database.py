"""The connection to SQLite, which raises the store's own errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from shared.store.errors import StoreRefused, StoreUnavailable

_PASSING_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,  # somebody else recovers the log at the same moment
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,  # a file system that was mounted anew after an error
        sqlite3.SQLITE_CANTOPEN,  # no file descriptor is left for the log
    }
)
_DAMAGED_CODES: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE: Final = 0xFF
"""The lowest byte of an extended result code of SQLite's is the primary one."""

Row = tuple[Any, ...]


class Database(sqlite3.Connection):
    """One connection, with transactions begun and ended by hand.

    Every method raises StoreUnavailable for what passes, StoreRefused for a damaged file, and sqlite3.Error for
    what is wrong with the statement.
    """

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self._path = path
        super().__init__(path, isolation_level=None, check_same_thread=False)

    def execute(self, statement: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - as SQLite takes it
        """Execute one statement whose rows nobody reads."""
        try:
            return super().execute(statement, parameters)
        except (sqlite3.Error, MemoryError) as error:
            self._raise_own(error)
            raise

    def executemany(self, statement: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Execute one statement for each of these parameters."""
        try:
            return super().executemany(statement, parameters)
        except (sqlite3.Error, MemoryError) as error:
            self._raise_own(error)
            raise

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        """Execute several statements."""
        try:
            return super().executescript(script)
        except (sqlite3.Error, MemoryError) as error:
            self._raise_own(error)
            raise

    def each(self, query: str, parameters: Any = ()) -> Iterator[Row]:  # noqa: ANN401 - as SQLite takes it
        """The rows of a query, one after the other."""
        try:
            yield from super().execute(query, parameters)
        except (sqlite3.Error, MemoryError) as error:
            self._raise_own(error)
            raise

    def rows(self, query: str, parameters: Any = ()) -> list[Row]:  # noqa: ANN401 - as SQLite takes it
        """All rows of a query."""
        return list(self.each(query, parameters))

    def row(self, query: str, parameters: Any = ()) -> Row | None:  # noqa: ANN401 - as SQLite takes it
        """The first row of a query; None if there is none."""
        return next(self.each(query, parameters), None)

    def _raise_own(self, error: Exception) -> None:
        if isinstance(error, MemoryError):
            raise StoreUnavailable(f"{self._path}: out of memory") from error
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _DAMAGED_CODES:
            raise StoreRefused(f"{self._path} is damaged: {error}") from error
        if code in _PASSING_CODES:
            raise StoreUnavailable(f"{self._path}: {error}") from error
