"""The errors because of which the web server cannot run; each message is a sentence for people."""

from __future__ import annotations


class ServerError(RuntimeError):
    """The base of them all."""


class CannotListen(ServerError):
    """An address that is taken or is not ours; the message says which and why."""


class TokenRefused(ServerError):
    """A token file that somebody else could read or have written; the message names it."""


class StoreError(ServerError):
    """A store of the server's that cannot be read or written; the message names the file and says why."""
