"""The parameters of a call, read in the many ways in which clients write them: True, true, 1, in query or form.

Lists are flattened with numbers from 1 (`Filter.1.Key`, `Filter.1.Value.2`). What may be given, and read, is what the
action's description says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, NetmaskValueError, ip_network
from typing import Final

from console.web.cloud.description import GATEWAYS, TOKEN, Description
from console.web.cloud.errors import ApiError, ErrorKind, malformed, missing
from console.web.cloud.signatures import Received, is_acs3

NAME_LIMIT: Final = 128
DESCRIPTION_LIMIT: Final = 256
TOKEN_LIMIT: Final = 64
TAGS_LIMIT: Final = 20
TAG_LIMIT: Final = 128
_ADDRESSES: Final = ("http://", "https://")
_NAME: Final = re.compile(r"[A-Za-z\u4e00-\u9fff][\w.\-\u4e00-\u9fff]{1,127}")
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0", ""})


class Parameters:
    """The parameters of a call: an action with named texts."""

    def __init__(
        self, given: Mapping[str, str], action: str, version: str = "", description: Description | None = None
    ) -> None:
        """Keep what was written; it is judged when somebody needs it."""
        self.action, self.version = action, version
        self._given, self._description = dict(given), description

    @classmethod
    def of(cls, request: Received) -> Parameters:
        """Merge query and form; the action is in a parameter or, where headers are signed, in one. Raises ApiError."""
        given = {**dict(request.query), **dict(request.form)}
        headers = request.headers if is_acs3(request) else {}
        action = headers.get("x-acs-action") or given.get("Action", "")
        if not action:
            raise missing("Action")
        version = headers.get("x-acs-version") or given.get("Version", "")
        if not version:
            raise missing("Version")
        return cls(given, action, version)

    def described(self, description: Description) -> Parameters:
        """The same, to be read as its action is described. Raises ApiError if it asks for what is not supported."""
        description.check(self.action, self._given)
        return Parameters(self._given, self.action, self.version, description)

    @property
    def takes(self) -> Description:
        """The action's description; whoever reads a parameter that it doesn't name, has a bug."""
        if self._description is None:
            raise LookupError(f"{self.action} is not described yet")
        return self._description

    def about(self) -> str:
        """The interface that the call is about, whichever name the action has for it; empty if none."""
        return self._given.get("RouterInterfaceId") or self._given.get("InstanceId", "")

    def text(self, name: str, default: str = "") -> str:
        """Read a parameter, or the default where it is absent."""
        return self._read(name) or default

    def has(self, name: str) -> bool:
        """Whether it was given, even if it is empty."""
        return self._read(name) is not None

    def need(self, name: str) -> str:
        """Read a mandatory parameter. Raises ApiError."""
        value = self._read(name)
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str) -> bool:
        """Read a yes or no; no if absent. Raises ApiError."""
        value = self.text(name).lower()
        if value not in _TRUE | _FALSE:
            raise malformed(name)
        return value in _TRUE

    def number(self, name: str) -> int | None:
        """Read a whole number, or None. Raises ApiError."""
        value = self.text(name)
        if not value:
            return None
        if not re.fullmatch(r"-?\d{1,12}", value):
            raise malformed(name)
        return int(value)

    def listed(self, name: str) -> list[str]:
        """Read `name.1`, `name.2`, …; also one without a number, as some clients send a single value."""
        found = [self._given[key] for key in self._numbered(name)]
        single = self._read(name)
        return found or ([single] if single else [])

    def filters(self) -> list[tuple[str, list[str]]]:
        """Read each `Filter.N.Key` with its `Filter.N.Value.M`; the key is empty where only a value is given."""
        return [(self.text(f"{one}.Key"), self.listed(f"{one}.Value")) for one in self._pairs("Filter")]

    def tags(self) -> dict[str, str]:
        """Read each `Tags.N.Key` with `Tags.N.Value`; also as `Tag.N.…`, which some clients send. Raises ApiError."""
        named = [one for plural in ("Tags", "Tag") for one in self._pairs(plural)]
        tags = {self.text(f"{one}.Key"): self.text(f"{one}.Value") for one in named}
        if "" in tags:
            raise ErrorKind.BAD_TAG_KEY.error()
        if len(tags) < len(named):
            raise ErrorKind.TAG_TWICE.error()
        if len(tags) > TAGS_LIMIT:
            raise ErrorKind.TOO_MANY_TAGS.error()
        return tags

    def name(self, parameter: str = "Name") -> str:
        """Read a name: 2 to 128 characters, a letter first. Raises ApiError."""
        value = self.text(parameter)
        if value and (len(value) > NAME_LIMIT or not _NAME.fullmatch(value)):
            raise ErrorKind.BAD_NAME.error()
        return value

    def free_name(self, parameter: str, kind: ErrorKind) -> str:
        """Read a name that may be any 1 to 128 characters but an address. Raises ApiError."""
        value = self.text(parameter)
        if len(value) > NAME_LIMIT or value.startswith(_ADDRESSES):
            raise kind.error()
        return value

    def description(self, shortest: int = 2) -> str:
        """Read a description: up to 256 characters that are no address. Raises ApiError."""
        value = self.text("Description")
        if value and (not shortest <= len(value) <= DESCRIPTION_LIMIT or value.startswith(_ADDRESSES)):
            raise ErrorKind.BAD_DESCRIPTION.error()
        return value

    def new_tags(self) -> dict[str, str]:
        """Read tags that something is to have. Raises ApiError."""
        tags = self.tags()
        for key, value in tags.items():
            if _is_no_tag(key):
                raise ErrorKind.BAD_TAG_KEY.error()
            if _is_no_tag(value):
                raise ErrorKind.BAD_TAG_VALUE.error()
        return tags

    def token(self) -> str:
        """Read the ClientToken: at most 64 ASCII characters; empty if none. Raises ApiError."""
        value = self.text("ClientToken")
        if len(value) > TOKEN_LIMIT or not value.isascii():
            raise malformed("ClientToken")
        return value

    def asked(self) -> str:
        """The question without what differs each time it is asked, to be compared."""
        per_call = {TOKEN, *GATEWAYS} - {"RegionId"}
        return repr((self.action, sorted((name, value) for name, value in self._given.items() if name not in per_call)))

    def _read(self, name: str) -> str | None:
        if not self.takes.may_read(name.partition(".")[0]):
            raise LookupError(f"{self.action} is not described as reading {name}")
        return self._given.get(name)

    def _numbered(self, name: str) -> Sequence[str]:
        pattern = re.compile(rf"{re.escape(name)}\.(\d{{1,3}})")
        found = {int(read[1]): key for key in self._given if (read := pattern.fullmatch(key))}
        return [found[number] for number in sorted(found)]

    def _pairs(self, name: str) -> Sequence[str]:
        """The `name.N` of which a key or a value is given, in order."""
        pattern = re.compile(rf"({re.escape(name)}\.(\d{{1,3}}))\.(Key|Value)(\.\d{{1,3}})?")
        found = {read[1]: int(read[2]) for key in self._given if (read := pattern.fullmatch(key))}
        return sorted(found, key=lambda one: found[one])


def address(text: str, error: ApiError) -> IPv4Address:
    """Read an IPv4 address. Raises the error."""
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise error from None


def _is_no_tag(text: str) -> bool:
    reserved = text.startswith(("aliyun", "acs:")) or any(one in text for one in _ADDRESSES)
    return reserved or len(text) > TAG_LIMIT


def destination(text: str, error: ApiError) -> IPv4Network | IPv6Network:
    """Read where a route leads: an IPv4 or IPv6 range, of which host bits are dropped. Raises the error."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise error from None


def network(text: str, error: ApiError) -> IPv4Network:
    """Read an IPv4 range. Raises the error."""
    try:
        return IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise error from None
