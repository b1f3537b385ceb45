"""The errors of the store, as one tree.

    StoreError
    ├── StoreUnavailable   passes: a locked, full or failing disk
    └── StoreRefused       stays: in use, damaged, of another format or of another endpoint

Whatever else SQLite raises (a wrong statement, a missing table) is an error of this program and is not translated.
"""


class StoreError(Exception):
    """The base of all errors of the store; its text is a sentence for people."""


class StoreUnavailable(StoreError):
    """The disk takes nothing at the moment: nothing has happened, and trying again later can succeed."""


class StoreRefused(StoreError):
    """The store cannot be used by this worker; the text says why and what would help."""
