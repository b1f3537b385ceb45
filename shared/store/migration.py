"""The migration of a store: from the format of an older program to that of this one, in one transaction.

A copy of the file as it was is kept beside it, marked as every copy is, since whoever goes back to it has forgotten
what his end declared since. An older program has to be told so (`--restored`), because it does not know the mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from shared.store.backup import copy_store
from shared.store.database import Database
from shared.store.errors import StoreRefused
from shared.store.schema import DELETED, SCHEMA_VERSION

STEPS: Final[Mapping[int, str]] = {
    1: f"""
{DELETED}
ALTER TABLE interface RENAME COLUMN arrived TO sent_acknowledged;
ALTER TABLE peer RENAME COLUMN life TO store_id;
UPDATE meta SET name = 'store_id' WHERE name = 'life';
INSERT OR IGNORE INTO deleted (interface) SELECT id FROM interface WHERE intent = 3 AND open = 0;
"""  # noqa: S608 - a constant of ours
}
"""What makes each older format the next one; 1 is that of 0.1.0. A format is never changed once it was released."""

OLDEST: Final = min(STEPS)


class Migrated(NamedTuple):
    """What was done to a store when it was opened: its format before, and the copy of it that was kept."""

    was: int
    copy: Path


def format_of(db: Database, path: Path) -> int | None:
    """The format of a store's file; None where it names none. Raises StoreRefused for one that cannot be read here."""
    for (said,) in db.rows("SELECT value FROM meta WHERE name = 'schema'"):
        if said.isdecimal() and OLDEST <= int(said) <= SCHEMA_VERSION:
            return int(said)
        message = (
            f"{path} has format {said}; this program reads formats {OLDEST} to {SCHEMA_VERSION}: start the version "
            f"that wrote it, or put back the copy that it kept when it migrated it ({path.name}.format-…), --restored"
        )
        raise StoreRefused(message)
    return None


def migrate(db: Database, path: Path, was: int, owner: Mapping[str, str]) -> Migrated | None:
    """Bring an older store up to date; None if there is nothing to do. `owner` is what must stand in it.

    Killed at any moment it is as it was, or migrated. Raises StoreError, and leaves it as it was.
    """
    if was == SCHEMA_VERSION:
        return None
    copy = path.with_name(f"{path.name}.format-{was}")
    copy_store(path, copy, owner)
    steps = "".join(STEPS[number] for number in range(was, SCHEMA_VERSION))
    said = f"UPDATE meta SET value = '{SCHEMA_VERSION}' WHERE name = 'schema';"  # noqa: S608 - a number of ours
    db.executescript(f"BEGIN IMMEDIATE;{steps}{said}COMMIT;")
    return Migrated(was, copy)
