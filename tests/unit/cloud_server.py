"""The cloud's API without a broker or a socket: real processors behind it, and callers that sign for themselves.

The signatures here are computed by other code than the product's, after the cloud's published recipe.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from console.topology import KnownEndpoint, find_context
from console.web.app import make_app
from console.web.cloud.catalogue import ACTIONS
from console.web.cloud.cloud import Cloud, cloud_of
from console.web.site import open_site
from tests.unit.console_world import World
from tests.unit.web_program import BEARER, TOKEN

REGION: Final = "cn-hangzhou"
ABROAD: Final = "eu-central-1"
ALICE, BOB = "1001", "1002"
ENDPOINTS: Final = (
    KnownEndpoint("vpc-a", "vpc", ALICE, REGION, "initiator"),
    KnownEndpoint("vpc-a-acc", "vpc", ALICE, REGION, "acceptor"),
    KnownEndpoint("vpc-c", "vpc", ALICE, REGION, "acceptor"),
    KnownEndpoint("vpc-d", "vpc", ALICE, REGION, "acceptor"),
    KnownEndpoint("vbr-a", "vbr", ALICE, REGION, "initiator"),
    KnownEndpoint("vpc-b", "vpc", BOB, ABROAD, "acceptor"),
    KnownEndpoint("vpc-b-ini", "vpc", BOB, ABROAD, "initiator"),
)
TOPOLOGY: Final = "\n".join(
    [
        "broker: {url: amqp://127.0.0.1:5672/peering}",
        "accounts:",
        f"  - {{uid: {ALICE}, password: one, access_key_id: KEYOFALICE, access_key_secret: secret-of-alice}}",
        f"  - {{uid: {BOB}, password: two, access_key_id: KEYOFBOB, access_key_secret: secret-of-bob}}",
        "endpoints:",
        *(
            f"  - {{id: {e.id}, kind: {e.kind}, account: {e.account}, region: {e.region}, role: {e.role}}}"
            for e in ENDPOINTS
        ),
    ]
)
KEYS: Final = {ALICE: ("KEYOFALICE", "secret-of-alice"), BOB: ("KEYOFBOB", "secret-of-bob")}
_NONCES: Final = count()


def enc(text: str) -> str:
    return quote(text, safe="-_.~")


def rpc_signed(method: str, parameters: dict[str, str], secret: str, digest: str = "sha1") -> dict[str, str]:
    """Parameters with their version 1 signature."""
    whole = "&".join(f"{enc(name)}={enc(value)}" for name, value in sorted(parameters.items()))
    to_sign = f"{method}&%2F&{enc(whole)}"
    made = hmac.new(f"{secret}&".encode(), to_sign.encode(), digest).digest()
    return {**parameters, "Signature": base64.b64encode(made).decode()}


def common(key: str, action: str) -> dict[str, str]:
    """What every version 1 request holds beside what it is about."""
    return {
        "AccessKeyId": key,
        "Action": action,
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": f"nonce-{next(_NONCES)}",
        "SignatureVersion": "1.0",
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": "2016-04-28",
    }


def acs3_headers(
    query: dict[str, str], action: str, key: str, secret: str, changed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The headers of an ACS3 request without a body, or with whatever is `changed`."""
    headers = {
        "host": "peering",
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": f"nonce-{next(_NONCES)}",
        "x-acs-version": "2016-04-28",
        **(changed or {}),
    }
    if not action:
        del headers["x-acs-action"]
    names = sorted(headers)
    whole = "&".join(f"{enc(name)}={enc(value)}" for name, value in sorted(query.items()))
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    request = f"POST\n/\n{whole}\n{lines}\n{';'.join(names)}\n{headers['x-acs-content-sha256']}"
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    made = hmac.new(secret.encode(), to_sign.encode(), "sha256").hexdigest()
    said = f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={';'.join(names)},Signature={made}"
    return {**headers, "Authorization": said}


class Answered(Exception):
    """An error that was answered."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.text)
        self.status, body = response.status_code, response.json()
        self.code, self.message = str(body["Code"]), str(body["Message"])


@dataclass
class Api:
    """An API, the workers behind it, and clients of both accounts."""

    http: httpx.AsyncClient
    own: httpx.AsyncClient
    world: World
    cloud: Cloud
    regions: dict[str, str] = field(default_factory=lambda: {ALICE: REGION, BOB: ABROAD})

    async def call(self, action: str, account: str = ALICE, **parameters: object) -> dict[str, Any]:
        """Call, signed with version 1, everything in the form body. Raises Answered."""
        key, secret = KEYS[account]
        asked = {"RegionId": self.regions[account], **parameters}
        texts = {name: str(value) for name, value in asked.items() if value is not None}
        version = ACTIONS[action].description.versions.split()[0] if action in ACTIONS else "2016-04-28"
        given = {**texts, **common(key, action), "Version": version}
        response = await self.http.post("/", data=rpc_signed("POST", given, secret))
        if response.status_code != httpx.codes.OK:
            raise Answered(response)
        body: dict[str, Any] = response.json()
        return body

    async def refused(self, action: str, account: str = ALICE, **parameters: object) -> tuple[int, str]:
        """Call what has to be refused: status and code."""
        with pytest.raises(Answered) as caught:
            await self.call(action, account, **parameters)
        return caught.value.status, caught.value.code

    async def code(self, action: str, /, **parameters: object) -> tuple[int, str]:
        """Call for Alice, and take status and code; `OK` if it was done."""
        try:
            await self.call(action, ALICE, **parameters)
        except Answered as error:
            return error.status, error.code
        return 200, "OK"

    async def create(self, router: str, role: str, account: str = ALICE, **more: object) -> str:
        """Create an interface with what is needed."""
        initiates = role == "InitiatingSide"
        wanted: dict[str, object] = {
            "Role": role,
            "Spec": "Large.2" if initiates else "Negative",
            "RouterType": "VBR" if router.startswith("vbr") else "VRouter",
            "RouterId": router,
            "OppositeRegionId": self.regions[account],
        }
        if router.startswith("vbr"):
            wanted["AccessPointId"] = "ap-1"
        return str((await self.call("CreateRouterInterface", account, **(wanted | more)))["RouterInterfaceId"])

    async def point(self, interface: str, peer: str, router: str, account: str = ALICE, **more: object) -> None:
        """Say who is opposite."""
        await self.call(
            "ModifyRouterInterfaceAttribute",
            account,
            RouterInterfaceId=interface,
            OppositeInterfaceId=peer,
            OppositeRouterId=router,
            OppositeRouterType="VBR" if router.startswith("vbr") else "VRouter",
            **more,
        )

    async def pair(self, *, connected: bool = True) -> tuple[str, str]:
        """Two ends of Alice's, on vrt-a and vrt-c."""
        one, two = await self.create("vrt-a", "InitiatingSide"), await self.create("vrt-c", "AcceptingSide")
        await self.point(one, two, "vrt-c")
        await self.point(two, one, "vrt-a")
        if connected:
            await self.call("ConnectRouterInterface", RouterInterfaceId=one)
        return one, two

    async def shown(self, interface: str, account: str = ALICE) -> dict[str, Any]:
        """An interface's attributes."""
        return await self.call("DescribeRouterInterfaceAttribute", account, InstanceId=interface)

    async def status(self, interface: str, account: str = ALICE) -> str:
        """Its status; empty if it is not there."""
        return str((await self.shown(interface, account)).get("Status", ""))


def cloud_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The workers; the caller's fixture ends them."""
    world = World(folder)
    for endpoint in ENDPOINTS:
        world.add(endpoint)

    world.stand_in(monkeypatch)
    yield world
    world.close()


@asynccontextmanager
async def api_in(world: World, folder: Path) -> AsyncIterator[Api]:
    """The API in front of them."""
    file = folder / "topology.yaml"
    file.write_text(TOPOLOGY)
    async with open_site(find_context(file, environment={}), folder) as site, cloud_of(site) as cloud:
        transport = httpx.ASGITransport(make_app(site, TOKEN, cloud))
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://peering") as client,
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=BEARER) as own,
        ):
            yield Api(client, own, world, cloud)
