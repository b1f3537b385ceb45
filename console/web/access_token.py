"""The access token, which opens the page and `/_peering` and lies in a file for its owner alone.

Created once for a folder, so that a browser's cookie and a program's setting survive the server.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console.stack.private_folder import write_private
from console.web.errors import TokenRefused

FILE_NAME: Final = "token"
VARIABLE: Final = "PEERING_TOKEN"
_BYTES: Final = 32
_FEWEST_CHARACTERS: Final = 32
_LONGEST_BYTES: Final = 1024


def token_in(folder: Path) -> str:
    """Read a folder's token; made if there is none. Raises TokenRefused or OSError."""
    path = folder / FILE_NAME
    if not os.path.lexists(path):
        _make(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise TokenRefused(f"{path} cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise TokenRefused(
                f"{path} must be a file of yours that nobody else can read: remove it, and another is made"
            )
        token = file.read(_LONGEST_BYTES).decode("ascii", "replace").strip()
    if not _is_token(token):
        raise TokenRefused(f"{path} holds no token; remove it for another")
    return token


def take_token(folder: Path, environment: Mapping[str, str]) -> None:
    """Have an environment's token be the folder's, if it names one. Raises TokenRefused or OSError."""
    if token := environment.get(VARIABLE):
        if not _is_token(token):
            raise TokenRefused(f"{VARIABLE} is no token: it takes {_FEWEST_CHARACTERS} or more characters of ASCII")
        write_private(folder / FILE_NAME, f"{token}\n")


def _is_token(token: str) -> bool:
    return _FEWEST_CHARACTERS <= len(token) < _LONGEST_BYTES and token.isascii() and token.isprintable()


def _make(path: Path) -> None:
    """Write a token whole or not at all; of two servers that do so at the same time, one is the first."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_urlsafe(_BYTES)}\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
