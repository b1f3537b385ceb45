"""The lines that tell a web server's address, its token and the access keys of the cloud's API when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from console.client.plain import plain
from console.web.listening import Listen

if TYPE_CHECKING:
    from console.web.serving import Access


def access_lines(access: Access) -> list[Text]:
    """Write the page's address with its token, the API's, and each account's access key."""
    keys = [f"  account {key.account}: access key {key.id}, secret {key.secret}" for key in access.keys]
    mended = [f"  mended, because a console was killed while it tapped it: the wire {one}" for one in access.mended]
    return [
        Text(f"The page: {access.page}"),
        Text(f"The cloud's API: {access.url}"),
        *(Text(plain(line), "dim") for line in keys + mended),
    ]


def access_data(access: Access) -> dict[str, Any]:
    """Write the same for programs."""
    keys = [{"account": key.account, "access_key_id": key.id, "access_key_secret": key.secret} for key in access.keys]
    return {"url": access.url, "token": access.token, "page": access.page, "keys": keys, "mended": [*access.mended]}


def warnings(listen: Listen) -> list[str]:
    """Warn of an address that other machines reach."""
    if listen.is_loopback:
        return []
    return [f"Warning: {listen.host} is not loopback: other machines reach it, and nothing that is sent is encrypted."]
