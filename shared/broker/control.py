"""The control plane: what may change the broker, through RabbitMQ's management API with an administrator's credentials.

Accounts may change nothing on the broker. The credentials stand in the address (`http://user:password@host:15672`) and
never in an error.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx

from shared.broker.errors import ControlPlaneError, ControlPlaneUnreachable
from shared.broker.names import DEAD_LETTER_QUEUE, LAST_QUEUE, VHOST, WORLD_PREFIX, login_name
from shared.broker.polling import POLL_SECONDS
from shared.broker.topology import Account, Definitions

REQUEST_LIMIT_SECONDS: Final = 60.0
"""A large topology takes RabbitMQ about 10 ms a queue."""
READY_LIMIT_SECONDS: Final = 60.0
_SHOWN_CHARACTERS: Final = 400
_LAST_QUEUE_EXPIRES_MILLISECONDS: Final = 120_000
"""More than a request may take."""


class Rights(NamedTuple):
    """What a user may do with the things whose names match: regular expressions."""

    configure: str
    write: str
    read: str


async def provision(management_url: str, definitions: Definitions) -> None:
    """Import definitions; what is there already stays as it is. Raises ControlPlaneError."""
    async with manager(management_url) as client:
        await _check_it_is_rabbitmq(client)
        await _import(client, definitions)


async def wait_until_ready(management_url: str, limit_seconds: float = READY_LIMIT_SECONDS) -> None:
    """Wait until the broker's management API answers; other errors than its absence are raised at once."""
    try:
        async with asyncio.timeout(limit_seconds), manager(management_url) as client:
            while not await _answers(client):  # noqa: ASYNC110 - a broker that boots has no event to wait for
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as late:
        raise ControlPlaneUnreachable(f"{_shown(management_url)} did not answer within {limit_seconds:.0f} s") from late


async def broker_version(management_url: str) -> str:
    """Say which RabbitMQ answers. Raises ControlPlaneError."""
    async with manager(management_url) as client:
        return await _check_it_is_rabbitmq(client)


def administrator_url(management_url: str, user: str, password: str) -> str:
    """The management API's address with an administrator's login in it: a secret."""
    scheme, _, place = management_url.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{place}"


async def delete_queue(management_url: str, queue: str, *, vhost: str = VHOST) -> None:
    """Delete a queue with all that lies in it; one that is gone already is no error. Raises ControlPlaneError."""
    await _remove(management_url, queue_path(queue, vhost), f"delete {queue}")


async def queue_names(management_url: str, pattern: str, *, vhost: str = VHOST) -> list[str]:
    """List the queues whose names match a regular expression. Raises ControlPlaneError."""
    async with manager(management_url) as client:
        query = f"name={quote(pattern, safe='')}&use_regex=true&page=1&page_size=500&columns=name"
        response = await ask(client, "GET", f"/api/queues/{quote(vhost, safe='')}?{query}", "list its queues")
        return [str(one["name"]) for one in response.json()["items"]]


async def make_user(management_url: str, account: Account, tag: str, rights: Rights, *, vhost: str = VHOST) -> None:
    """Make a user, or give it a new password, and let it do this much and no more. Raises ControlPlaneError."""
    name = quote(login_name(account.uid, vhost), safe="")
    async with manager(management_url) as client:
        for path, body in (
            (f"/api/users/{name}", {"password": account.password, "tags": tag}),
            (f"/api/permissions/{quote(vhost, safe='')}/{name}", rights._asdict()),
        ):
            await ask(client, "PUT", path, f"make the user {account.uid}", body)


async def limit_user(management_url: str, uid: str, limits: Mapping[str, int], *, vhost: str = VHOST) -> None:
    """Set how many connections and channels an account may open from now on. Raises ControlPlaneError."""
    async with manager(management_url) as client:
        for limit, value in limits.items():
            path = f"/api/user-limits/{quote(login_name(uid, vhost), safe='')}/{limit}"
            await ask(client, "PUT", path, f"limit the user {uid}", {"value": value})


async def purge_queue(management_url: str, queue: str, *, vhost: str = VHOST) -> None:
    """Throw away everything that waits in a queue; what was delivered already can still be acknowledged."""
    async with manager(management_url) as client:
        await ask(client, "DELETE", f"{queue_path(queue, vhost)}/contents", f"purge {queue}")


async def delete_vhost(management_url: str, *, vhost: str = VHOST) -> None:
    """Delete a virtual host with all that it holds; one that is gone already is no error. Raises ControlPlaneError."""
    await _remove(management_url, f"/api/vhosts/{quote(vhost, safe='')}", f"delete {vhost}")


async def make_world(management_url: str, vhost: str, description: str, document: Definitions) -> None:
    """Make the virtual host of a world that is not there, with definitions whose logins open no other.

    Raises ControlPlaneError.
    """
    async with manager(management_url) as client:
        path = f"/api/vhosts/{quote(vhost, safe='')}"
        await ask(client, "PUT", path, f"make {vhost}", {"description": description, "tags": ""})
        await _import(client, document)


async def delete_world(management_url: str, vhost: str) -> None:
    """Delete a world with its logins, and those whose names begin with its own and a dot. Raises ControlPlaneError.

    One that is gone already is no error.
    """
    for name in await worlds(management_url):
        if name == vhost or name.startswith(f"{vhost}."):
            await delete_vhost(management_url, vhost=name)
    async with manager(management_url) as client:
        users = (await ask(client, "GET", "/api/users", "list its users")).json()
        places = [(one["name"], one["name"].partition("@")[2]) for one in users]
        if logins := [name for name, place in places if place == vhost or place.startswith(f"{vhost}.")]:
            await ask(client, "POST", "/api/users/bulk-delete", f"delete users of {vhost}", {"users": logins})


async def worlds(management_url: str) -> dict[str, str]:
    """List the worlds of a broker, each with its description. Raises ControlPlaneError."""
    async with manager(management_url) as client:
        found = (await ask(client, "GET", "/api/vhosts", "list its virtual hosts")).json()
        return {one["name"]: one.get("description", "") for one in found if one["name"].startswith(WORLD_PREFIX)}


async def settle_queues(management_url: str, *, vhost: str = VHOST) -> None:
    """Have RabbitMQ write the name of the quorum queue that was declared last to its disk. Raises ControlPlaneError.

    It keeps that name in memory for some seconds, or until the next declaration (`dets`, with its delayed write). A
    broker that is killed in between has the queue back, but finds no member of it, starts an empty one, and lets it
    elect no leader, ever: nobody can publish to it or consume from it. So a queue that nobody needs is declared last.
    """
    async with manager(management_url) as client:
        await _settle(client, vhost)


async def _import(client: httpx.AsyncClient, document: Definitions) -> None:
    """Import definitions, and have RabbitMQ remember each of their queues."""
    await ask(client, "POST", "/api/definitions", "take the definitions", document)
    for vhost in sorted({str(queue["vhost"]) for queue in document.get("queues", ())})[:1]:
        await _settle(client, vhost)


async def _settle(client: httpx.AsyncClient, vhost: str) -> None:
    """Declare a quorum queue and delete it: the names of all before it are on the disk then.

    Its name is its own, because several may be provisioning, and it expires, because they may be killed.
    """
    path = queue_path(f"{LAST_QUEUE}.{secrets.token_hex(8)}", vhost)
    arguments = {"x-queue-type": "quorum", "x-expires": _LAST_QUEUE_EXPIRES_MILLISECONDS}
    await ask(client, "PUT", path, "declare a queue", {"durable": True, "arguments": arguments})
    await ask(client, "DELETE", path, "delete a queue")


async def _remove(management_url: str, path: str, what: str) -> None:
    """Remove something, unless it is gone already."""
    async with manager(management_url) as client:
        response = await _request(client, "DELETE", path)
        if response.is_error and response.status_code != HTTPStatus.NOT_FOUND:
            raise ControlPlaneError(f"RabbitMQ does not {what}: {_reason(response)}")


async def ask(
    client: httpx.AsyncClient, method: str, path: str, what: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    """Make one call that has to succeed. Raises ControlPlaneError, which says what RabbitMQ does not do."""
    response = await _request(client, method, path, body)
    if response.is_error:
        raise ControlPlaneError(f"RabbitMQ does not {what}: {_reason(response)}")
    return response


def queue_path(queue: str, vhost: str) -> str:
    """The path of a queue."""
    return f"/api/queues/{quote(vhost, safe='')}/{quote(queue, safe='')}"


async def dead_letters(
    management_url: str, limit: int = 100, *, queue: str = DEAD_LETTER_QUEUE, vhost: str = VHOST
) -> list[dict[str, Any]]:
    """List messages that were set aside, oldest first; they stay where they are.

    Each has `payload`, `payload_encoding`, `exchange`, `routing_key` and `properties` with `headers`.
    """
    query = {"count": limit, "ackmode": "ack_requeue_true", "encoding": "auto"}
    async with manager(management_url) as client:
        response = await ask(client, "POST", f"{queue_path(queue, vhost)}/get", "show its dead letters", query)
        dead: list[dict[str, Any]] = response.json()
        return dead


@asynccontextmanager
async def manager(management_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client whose credentials come out of the address; the environment's proxies are not for a broker."""
    try:
        url = httpx.URL(management_url)
    except httpx.InvalidURL as error:
        raise ControlPlaneError("the management address is no URL") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ControlPlaneError("the management address must look like http://user:password@host:15672")
    bare = url.copy_with(username=None, password=None)
    credentials = httpx.BasicAuth(url.username, url.password) if url.username else None
    tls = url.scheme == "https"  # without it nothing is verified, and certificates take 25 ms to load
    async with httpx.AsyncClient(
        base_url=bare, auth=credentials, timeout=REQUEST_LIMIT_SECONDS, trust_env=False, verify=tls
    ) as client:
        yield client


async def _request(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    """Make one call. Raises ControlPlaneUnreachable, or ControlPlaneError for refused credentials."""
    try:
        response = await client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise ControlPlaneUnreachable(
            f"nobody answers at {client.base_url}: {str(error) or type(error).__name__}"
        ) from error
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise ControlPlaneError(f"{client.base_url} refuses the administrator's credentials: {_reason(response)}")
    return response


async def _check_it_is_rabbitmq(client: httpx.AsyncClient) -> str:
    """Return the broker's version. Raises ControlPlaneError if something else answers."""
    response = await _request(client, "GET", "/api/overview")
    try:
        version = response.json()["rabbitmq_version"]
    except (ValueError, LookupError, TypeError) as error:
        raise ControlPlaneError(
            f"{client.base_url} answers ({response.status_code}), but it is not RabbitMQ's management API"
        ) from error
    return str(version)


async def _answers(client: httpx.AsyncClient) -> bool:
    """Whether the management API answers yet."""
    try:
        await _check_it_is_rabbitmq(client)
    except ControlPlaneUnreachable:
        return False
    return True


def _reason(response: httpx.Response) -> str:
    """Say what RabbitMQ said, which is JSON with a reason, or a text."""
    try:
        said = response.json()
    except ValueError:
        said = response.text
    if isinstance(said, dict):
        said = said.get("reason", said)
    return f"{response.status_code} {str(said)[:_SHOWN_CHARACTERS]}"


def _shown(management_url: str) -> str:
    """The address without credentials."""
    url = httpx.URL(management_url)
    return str(url.copy_with(username=None, password=None))
