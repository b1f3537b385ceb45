"""The lines that tell whoever started the server its address and each account's access key."""

from __future__ import annotations

from rich.text import Text

from console.screen import plain
from console.web.serving import Window


def window_lines(window: Window) -> list[Text]:
    """Say where the page and the API are, and each account's access key."""
    keys = [f"  account {key.account}: access key {key.id}, secret {key.secret}" for key in window.keys]
    return [Text(f"The page and the cloud's API: {window.url}"), *(Text(plain(key), "dim") for key in keys)]


def keys_data(window: Window) -> list[dict[str, str]]:
    """Say the same for programs."""
    return [{"account": key.account, "access_key_id": key.id, "access_key_secret": key.secret} for key in window.keys]
