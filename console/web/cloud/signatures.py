"""The two signatures of the cloud's API, computed anew from a request.

RPC version 1 (HMAC-SHA1 or HMAC-SHA256 over all parameters) and ACS3-HMAC-SHA256 (over headers, query and the body's
hash). Nothing here knows a clock or remembers a nonce: `authentication` does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from console.web.cloud.errors import ErrorKind, missing

ACS3: Final = "ACS3-HMAC-SHA256"
_DIGESTS: Final = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
_AUTHORIZATION: Final = re.compile(
    rf"{ACS3}\s+Credential=(?P<key>[^,]+),\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in: `query` and `form` are decoded pairs in their order, headers have lower-case names."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    form: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """A request's signature: key, time and nonce that it claims, and the string that would have been signed."""

    key: str
    given: str
    time: str
    nonce: str
    to_sign: str
    compute: Callable[[str], str]
    """From the account's secret to the right signature."""

    def matches(self, secret: str) -> bool:
        """Whether it was made with this secret; takes as long whatever is wrong."""
        return hmac.compare_digest(self.compute(secret).encode(), self.given.encode())


def encoded(text: str) -> str:
    """Percent-encode as RFC 3986 says: letters, digits and `-_.~` stay."""
    return quote(text, safe="-_.~")


def canonical(pairs: Iterable[tuple[str, str]]) -> str:
    """Write parameters in the order of their names, encoded."""
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(pairs))


def signature_of(request: Received) -> Signature:
    """Read a request's signature. Raises ApiError if there is none, or one that cannot be read."""
    return _acs3(request) if is_acs3(request) else _rpc(request)


def is_acs3(request: Received) -> bool:
    """Whether a request is signed with ACS3, which covers headers; version 1 covers parameters and no header."""
    return request.headers.get("authorization", "").startswith(ACS3)


def _rpc(request: Received) -> Signature:
    pairs = [*request.query, *request.form]
    given = dict(pairs)
    for name in ("AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "Timestamp"):
        if not given.get(name):
            raise missing(name)
    digest = _DIGESTS.get(given["SignatureMethod"])
    if digest is None:
        raise ErrorKind.BAD_METHOD.error()
    signed = canonical((name, value) for name, value in pairs if name != "Signature")
    to_sign = f"{request.method}&{encoded('/')}&{encoded(signed)}"

    def compute(secret: str) -> str:
        return base64.b64encode(hmac.digest(f"{secret}&".encode(), to_sign.encode(), digest)).decode()

    return Signature(
        given["AccessKeyId"], given["Signature"], given["Timestamp"], given["SignatureNonce"], to_sign, compute
    )


def _acs3(request: Received) -> Signature:
    read = _AUTHORIZATION.fullmatch(request.headers["authorization"].strip())
    if read is None:
        raise ErrorKind.INCOMPLETE.error()
    for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"):
        if not request.headers.get(name):
            raise missing(name)
    names = read["headers"].split(";")
    if not _must_be_signed(request) <= set(names):
        raise ErrorKind.INCOMPLETE.error()
    if len(set(names)) < len(names):  # a long header that is named thousands of times would be written as often
        raise ErrorKind.INCOMPLETE.error()
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in sorted(names))
    whole = "\n".join(
        [
            request.method,
            request.path,
            canonical(request.query),
            headers,
            ";".join(sorted(names)),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    to_sign = f"{ACS3}\n{hashlib.sha256(whole.encode()).hexdigest()}"
    signed = request.headers["x-acs-content-sha256"] == hashlib.sha256(request.body).hexdigest()

    def compute(secret: str) -> str:
        return hmac.digest(secret.encode(), to_sign.encode(), "sha256").hex() if signed else ""

    return Signature(
        read["key"],
        read["signature"],
        request.headers["x-acs-date"],
        request.headers["x-acs-signature-nonce"],
        to_sign,
        compute,
    )


def _must_be_signed(request: Received) -> set[str]:
    """Name the headers that say what is asked: all of the cloud's own, and the type by which a body is read."""
    names = {name for name in request.headers if name.startswith("x-acs-")}
    return {"host", *names, *({"content-type"} if request.body and "content-type" in request.headers else ())}
