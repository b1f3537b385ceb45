"""Tests of the cloud's two signatures: each way in which one can be wrong, one by one."""

from __future__ import annotations

import hashlib
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from console.web.cloud.authentication import Authenticator
from console.web.cloud.records import Key
from console.web.cloud.signatures import Received, signature_of
from console.web.cloud.store import CloudStore
from console.web.errors import StoreError
from tests.unit.cloud_server import ALICE, KEYS, REGION, Api, acs3_headers, api_in, common, rpc_signed
from tests.unit.console_world import World

KEY, SECRET = KEYS[ALICE]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

# As three clients sent them to a server that wrote down what came, with the keys that they were given.
OLD_PYTHON = (
    "Role=InitiatingSide&OppositeRegionId=cn-shanghai&Spec=Large.2&RouterType=VRouter&RouterId=vrt-a"
    "&Name=n%20a%2Fme~%2A&AutoPay=True&Tags.1.Value=v1&Tags.1.Key=k1&Version=2016-04-28&Action=CreateRouterInterface"
    "&Format=JSON&RegionId=cn-hangzhou&Timestamp=2026-11-23T06%3A25%3A59Z&SignatureMethod=HMAC-SHA1&SignatureType="
    "&SignatureVersion=1.0&SignatureNonce=faff0a10aeddf42d052d94875ec3b64b&AccessKeyId=FAKEAKID"
    "&Signature=LiOYE9GxWV23w13u%2BeK3o%2B227lk%3D"
)
POP_CORE = (
    "AccessKeyId=FAKEAKID&Action=CreateRouterInterface&Format=JSON&Name=n%20a%2Fme~%2A%27%28&RegionId=cn-hangzhou"
    "&Role=InitiatingSide&SignatureMethod=HMAC-SHA1&SignatureNonce=d65b9434a78093d3408a9beb10df97a2"
    "&SignatureVersion=1.0&Timestamp=2026-11-23T06%3A29%3A46Z&Version=2016-04-28"
    "&Signature=I7NaNqgfgXbXhgSSTZfyRAaN4TQ%3D"
)
NEW_PYTHON = (
    "AutoPay=True&ClientToken=tok-1&Name=n+a%2Fme~%2A&OppositeRegionId=cn-shanghai&Period=1&RegionId=cn-hangzhou"
    "&Role=InitiatingSide&RouterId=vrt-a&RouterType=VRouter&Spec=Large.2&Tags.1.Key=k1&Tags.1.Value=v1"
)
NEW_PYTHON_HEADERS = {
    "host": "127.0.0.1:18080",
    "x-acs-version": "2016-04-28",
    "x-acs-action": "CreateRouterInterface",
    "user-agent": "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2",
    "x-acs-date": "2026-11-23T06:25:23Z",
    "x-acs-signature-nonce": "4788db909c8ebfede3a4f4658083d56e",
    "accept": "application/json",
    "x-acs-content-sha256": EMPTY,
    "x-acs-credentials-provider": "static_ak",
    "authorization": "ACS3-HMAC-SHA256 Credential=FAKEAKID,SignedHeaders=accept;host;user-agent;x-acs-action;"
    "x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;x-acs-version,"
    "Signature=e7ebb04179131ac1992634e00dd0e71ca14643d81e58f12f30dc42404d2eeb25",
}


def received(query: str = "", form: str = "", headers: dict[str, str] | None = None) -> Received:
    pairs = [tuple(parse_qsl(text, keep_blank_values=True)) for text in (query, form)]
    return Received("POST", "/", pairs[0], pairs[1], headers or {}, form.encode())


@pytest.mark.parametrize(
    "request_",
    [
        received(OLD_PYTHON),
        received(form=POP_CORE),
        received(NEW_PYTHON, headers=NEW_PYTHON_HEADERS),
    ],
    ids=["old Python", "pop-core", "new Python"],
)
def test_what_real_clients_sent_matches_and_with_another_secret_it_does_not(request_: Received) -> None:
    signature = signature_of(request_)
    assert signature.key == "FAKEAKID"
    assert signature.matches("FAKEAKSECRET")
    assert not signature.matches("FAKEAKSECREt")


def test_one_changed_parameter_or_header_is_noticed() -> None:
    assert not signature_of(received(OLD_PYTHON.replace("Large.2", "Large.1"))).matches("FAKEAKSECRET")
    assert not signature_of(received(NEW_PYTHON.replace("Large.2", "Large.1"), headers=NEW_PYTHON_HEADERS)).matches(
        "FAKEAKSECRET"
    )
    other = NEW_PYTHON_HEADERS | {"x-acs-action": "DeleteRouterInterface"}
    assert not signature_of(received(NEW_PYTHON, headers=other)).matches("FAKEAKSECRET")
    assert not signature_of(received(NEW_PYTHON, "a=b", NEW_PYTHON_HEADERS)).matches("FAKEAKSECRET")


def minutes_ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def asked(**changed: str) -> dict[str, str]:
    return {"RegionId": REGION, **common(KEY, "DescribeRouterInterfaces"), **changed}


def said(response: httpx.Response) -> tuple[int, str]:
    body: dict[str, Any] = response.json()
    return response.status_code, str(body.get("Code", ""))


async def test_each_wrong_signature_of_version_1_has_its_own_code(api: Api) -> None:
    async def answer(parameters: dict[str, str]) -> tuple[int, str]:
        return said(await api.http.post("/", params=parameters))

    assert await answer(rpc_signed("POST", asked(), SECRET)) == (200, "")
    assert await answer(rpc_signed("POST", asked(), "another secret")) == (400, "SignatureDoesNotMatch")
    assert await answer(rpc_signed("GET", asked(), SECRET)) == (400, "SignatureDoesNotMatch")
    assert await answer(rpc_signed("POST", asked(AccessKeyId="NOBODY"), SECRET)) == (404, "InvalidAccessKeyId.NotFound")
    assert await answer(asked()) == (400, "MissingSignature")
    for name in ("AccessKeyId", "SignatureMethod", "SignatureNonce", "Timestamp"):
        without = {key: value for key, value in asked().items() if key != name}
        assert await answer(rpc_signed("POST", without, SECRET)) == (400, f"Missing{name}")
    assert await answer(rpc_signed("POST", asked(SignatureMethod="ROT13"), SECRET)) == (400, "InvalidSignatureMethod")
    assert await answer(rpc_signed("POST", asked(Timestamp=minutes_ago(16)), SECRET)) == (
        400,
        "InvalidTimeStamp.Expired",
    )
    assert await answer(rpc_signed("POST", asked(Timestamp=minutes_ago(-16)), SECRET)) == (
        400,
        "InvalidTimeStamp.Expired",
    )
    assert await answer(rpc_signed("POST", asked(Timestamp=minutes_ago(14)), SECRET)) == (200, "")
    assert await answer(rpc_signed("POST", asked(Timestamp="yesterday"), SECRET)) == (400, "InvalidTimeStamp.Format")
    sha256 = rpc_signed("POST", asked(SignatureMethod="HMAC-SHA256"), SECRET, "sha256")
    assert await answer(sha256) == (200, "")


async def test_a_request_that_was_taken_once_is_not_taken_again(api: Api) -> None:
    signed = rpc_signed("POST", asked(), SECRET)
    assert said(await api.http.post("/", params=signed)) == (200, "")
    assert said(await api.http.post("/", params=signed)) == (400, "SignatureNonceUsed")
    forged = rpc_signed("POST", asked(SignatureNonce="fresh"), "another secret")
    assert said(await api.http.post("/", params=forged)) == (400, "SignatureDoesNotMatch")
    real = rpc_signed("POST", asked(SignatureNonce="fresh"), SECRET)
    assert said(await api.http.post("/", params=real)) == (200, ""), "a forger used somebody's nonce up"


async def test_what_does_not_match_is_told_with_the_string_to_sign(api: Api) -> None:
    """The old Python SDK splits the message at its colon, and dies if there is none."""
    response = await api.http.post("/", params=rpc_signed("POST", asked(), "another secret"))
    assert response.json()["Message"].partition(":")[2].startswith("POST&%2F&AccessKeyId%3DKEYOFALICE")


async def test_each_wrong_signature_of_acs3_has_its_own_code(api: Api) -> None:
    async def answer(query: dict[str, str], headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
        return said(await api.http.post("/", params=query, headers=headers, content=body))

    query, action = {"RegionId": REGION}, "DescribeRouterInterfaces"
    headers = acs3_headers(query, action, KEY, SECRET)
    assert await answer(query, headers) == (200, "")
    assert await answer(query, headers) == (400, "SignatureNonceUsed")
    assert await answer(query, acs3_headers(query, action, KEY, "another")) == (400, "SignatureDoesNotMatch")
    assert await answer(query, acs3_headers(query, action, "NOBODY", SECRET)) == (404, "InvalidAccessKeyId.NotFound")
    assert await answer({**query, "PageSize": "5"}, acs3_headers(query, action, KEY, SECRET)) == (
        400,
        "SignatureDoesNotMatch",
    )
    assert await answer(query, acs3_headers(query, action, KEY, SECRET), b"more") == (400, "SignatureDoesNotMatch")
    old = acs3_headers(query, action, KEY, SECRET, {"x-acs-date": minutes_ago(20)})
    assert await answer(query, old) == (400, "InvalidTimeStamp.Expired")
    cut = acs3_headers(query, action, KEY, SECRET) | {"Authorization": f"ACS3-HMAC-SHA256 Credential={KEY}"}
    assert await answer(query, cut) == (400, "IncompleteSignature")


async def test_acs3_signs_each_header_once_whatever_is_named(api: Api) -> None:
    """Naming a long header thousands of times made a string of hundreds of megabytes, before anybody was known."""
    query, action = {"RegionId": REGION}, "DescribeRouterInterfaces"
    headers = acs3_headers(query, action, KEY, SECRET) | {"long": "x" * 20_000}
    headers["Authorization"] = headers["Authorization"].replace("SignedHeaders=", f"SignedHeaders={'long;' * 8_000}")
    tracemalloc.start()
    answer = await api.http.post("/", params=query, headers=headers)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (said(answer), peak_bytes < 32 * 1024 * 1024) == ((400, "IncompleteSignature"), True)


async def test_a_key_that_was_switched_off_lets_nobody_in(api: Api) -> None:
    key = api.cloud.store.get(Key, KEY)
    assert key is not None
    api.cloud.store.put(key.model_copy(update={"active": False}))
    response = await api.http.post("/", params=rpc_signed("POST", asked(), SECRET))
    assert said(response) == (400, "InvalidAccessKeyId.Inactive")


async def test_nothing_is_done_for_whoever_is_not_known(api: Api) -> None:
    one, _ = await api.pair()
    wanted = {**common(KEY, "DeactivateRouterInterface"), "RegionId": REGION, "RouterInterfaceId": one}
    response = await api.http.post("/", data=rpc_signed("POST", wanted, "another secret"))
    assert response.status_code == 400
    assert await api.status(one) == "Active"


async def test_the_action_of_version_1_is_the_one_that_is_signed(api: Api) -> None:
    one, _ = await api.pair()
    described = {**asked(Action="DescribeRouterInterfaceAttribute"), "InstanceId": one, "RouterInterfaceId": one}
    response = await api.http.post(
        "/",
        data=rpc_signed("POST", described, SECRET),
        headers={"x-acs-action": "DeactivateRouterInterface", "x-acs-version": "2016-04-28"},
    )
    assert (response.status_code, response.json()["RouterInterfaceId"]) == (200, one)
    assert await api.status(one) == "Active"


async def test_acs3_signs_every_header_that_says_what_is_asked(api: Api) -> None:
    one, _ = await api.pair()
    query = {"RegionId": REGION, "RouterInterfaceId": one, "Action": "DescribeRouterInterfaces"}
    signed = acs3_headers(query, "", KEY, SECRET)
    for name in ("x-acs-action", "x-acs-anything"):
        response = await api.http.post("/", params=query, headers={**signed, name: "DeactivateRouterInterface"})
        assert said(response) == (400, "IncompleteSignature")
    digest = {"x-acs-content-sha256": hashlib.sha256(b"a=b").hexdigest()}
    typed = acs3_headers(query, "DescribeRouterInterfaces", KEY, SECRET, digest)
    unsigned = {**typed, "Content-Type": "application/x-www-form-urlencoded"}
    response = await api.http.post("/", params=query, headers=unsigned, content=b"a=b")
    assert said(response) == (400, "IncompleteSignature")
    assert await api.status(one) == "Active"


async def test_a_request_that_was_taken_before_a_restart_is_not_taken_after_it(world: World, tmp_path: Path) -> None:
    rpc = rpc_signed("POST", asked(), SECRET)
    query = {"RegionId": REGION}
    acs3 = acs3_headers(query, "DescribeRouterInterfaces", KEY, SECRET)
    for taken in (True, False):
        async with api_in(world, tmp_path) as api:
            for response in (
                await api.http.post("/", params=rpc),
                await api.http.post("/", params=query, headers=acs3),
            ):
                assert said(response) == ((200, "") if taken else (400, "SignatureNonceUsed"))


def test_what_is_remembered_is_let_go_after_its_time_and_is_no_larger_than_it_has_to_be(tmp_path: Path) -> None:
    store = CloudStore(tmp_path)
    gate, now = Authenticator(store), datetime.now(UTC)
    store.put(Key(id=KEY, account=ALICE, secret=SECRET))

    def take(at: datetime, nonce: str) -> None:
        time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = rpc_signed("POST", asked(Timestamp=time, SignatureNonce=nonce), SECRET)
        signature = signature_of(Received("POST", "/", tuple(signed.items()), (), {}, b""))
        assert gate.account_of(signature, at) == ALICE

    for number in range(50):
        take(now, f"{number}{'x' * 100_000}")
    held = memos(tmp_path)
    assert len(held) == 50
    assert all(len(row[0]) == 64 for row in held)
    take(now + timedelta(minutes=31), "later")
    assert len(memos(tmp_path)) == 1
    assert store.remember("answered", "a token", now.timestamp(), now.timestamp() + 10, "an answer")
    assert store.recall("answered", "a token", now.timestamp() + 10) == "an answer"
    assert store.recall("answered", "a token", now.timestamp() + 11) is None
    store.close()


def memos(folder: Path) -> list[tuple[str]]:
    """What lies in the file."""
    with closing(sqlite3.connect(folder / "console.sqlite")) as db:
        return db.execute("SELECT id FROM memo").fetchall()


async def test_what_callers_name_leaves_no_lock_behind(api: Api) -> None:
    await api.pair()
    for number in range(20):
        await api.refused("ModifyRouterInterfaceAttribute", RouterInterfaceId=f"ri-nobody{number}", ClientToken="t")
    assert len(api.cloud.locks) == 0


@pytest.mark.parametrize("content", [b"this is no database " * 500, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_store_is_a_sentence_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "console.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match=r"console\.sqlite cannot be read or written: "):
        CloudStore(tmp_path)


def test_a_record_that_cannot_be_read_is_a_sentence_with_the_stores_name(tmp_path: Path) -> None:
    with closing(CloudStore(tmp_path)) as store:
        store.put(Key(id=KEY, account=ALICE, secret=SECRET))
        with closing(sqlite3.connect(tmp_path / "console.sqlite")) as db, db:
            db.execute("UPDATE record SET body = '{}'")
        with pytest.raises(StoreError, match=r"console\.sqlite holds what this version cannot read"):
            store.every(Key)
