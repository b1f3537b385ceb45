"""An address is of no use to a program without a key, so both are told together, to whoever started the server."""

from __future__ import annotations

from rich.text import Text

from console.screen import plain
from console.web.serving import Window


def window_lines(window: Window) -> list[Text]:
    """Where the page and the API are, and each account's access key."""
    keys = [f"  account {key.account}: access key {key.id}, secret {key.secret}" for key in window.keys]
    return [Text(f"The page and the cloud's API: {window.url}"), *(Text(plain(key), "dim") for key in keys)]


def keys_data(window: Window) -> list[dict[str, str]]:
    """The same for programs."""
    return [{"account": key.account, "access_key_id": key.id, "access_key_secret": key.secret} for key in window.keys]
