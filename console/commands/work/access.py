"""The lines that tell a web server's address, its token and the access keys of the cloud's API when it starts.

Secrets are for a terminal, or for who asks for them: elsewhere a journal or a container's log would keep them.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

from rich.text import Text

from console.client.plain import plain
from console.web.listening import Listen

if TYPE_CHECKING:
    from pathlib import Path

    from console.screen import Screen
    from console.web.serving import Access


def access_lines(access: Access, screen: Screen, *, asked: bool) -> list[Text]:
    """Write the page's address with its token, the API's, and each account's access key; or where secrets are kept."""
    openly = asked or screen.out.file.isatty()
    page = access.page if openly else f"{access.url}/?token=…, which is in {_kept(access.token_file)}"
    kept = f"in {_kept(access.keys_file)}"
    keys = [f"  account {k.account}: access key {k.id}, secret {k.secret if openly else kept}" for k in access.keys]
    mended = [f"  mended, because a console was killed while it tapped it: the wire {one}" for one in access.mended]
    return [
        Text(plain(f"The page: {page}")),
        Text(f"The cloud's API: {access.url}"),
        *(Text(plain(line), "dim") for line in keys + mended),
    ]


def _kept(file: Path) -> str:
    return f"{file.absolute()} (mode {stat.S_IMODE(file.stat().st_mode):04o})"


def access_data(access: Access) -> dict[str, Any]:
    """Write the same for programs."""
    keys = [{"account": key.account, "access_key_id": key.id, "access_key_secret": key.secret} for key in access.keys]
    return {"url": access.url, "token": access.token, "page": access.page, "keys": keys, "mended": [*access.mended]}


def warnings(listen: Listen) -> list[str]:
    """Warn of an address that other machines reach."""
    if listen.is_loopback:
        return []
    return [f"Warning: {listen.host} is not loopback: other machines reach it, and nothing that is sent is encrypted."]
