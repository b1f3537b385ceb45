"""The description of an action: what it does with each parameter that the cloud documents for it.

Reading, filters, dry runs and the printed table follow from it. What would change the call and is not supported is
refused: a call that does something else than was asked is worse than none. What nobody documents is left alone, as the
cloud does, but not in a list: there it would be a filter, and a list that is longer than it was meant deletes too much.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from console.web.cloud.errors import ErrorKind

DRY_RUN: Final = "DryRun"
TAGS: Final = frozenset({"Tag", "Tags"})
"""Two names of one parameter: the documentation says one, known clients send the other."""

TOKEN: Final = "ClientToken"  # noqa: S105 - a parameter's name
EVERYWHERE: Final = ("OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount")
"""What every action documents, or its models hold, and nothing follows from."""

GATEWAYS: Final = frozenset(
    (
        *("Action", "Version", "Format", "AccessKeyId", "AccessKeyType", "Signature", "SignatureMethod"),
        *("SignatureVersion", "SignatureNonce", "SignatureType", "Timestamp", "SecurityToken", "BearerToken"),
        *("SourceIp", "SecureTransport", "RegionId", "on"),
    )
)
"""What every call may carry, whatever it is about; Ansible's library sends `on`, which it makes of `Action`."""

_PARTS: Final = {
    "Filter": re.compile(r"Filter\.\d{1,3}\.(Key|Value(\.\d{1,3})?)"),
    **{name: re.compile(rf"{name}\.\d{{1,3}}\.(Key|Value)") for name in TAGS},
}
_PLAIN: Final = re.compile(r"\w+(\.\d{1,3})?")
"""How a parameter may be written that is read: what stands otherwise would not be seen, and a list be too long."""

_NOTHING: Final = frozenset({"", "false", "0"})


class Kind(Enum):
    """What an action does at all."""

    CHANGES = "changes"
    SHOWS = "shows"
    LISTS = "lists"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list: the field of a listed item that it looks at, and whether it takes several values."""

    field: str
    several: bool = False


@dataclass(frozen=True)
class Description:
    """What an action does with each documented parameter, as words with spaces between them.

    `reads` are read by its code, `ignores` are accepted without effect, `refuses` are refused unless they ask for
    nothing. `narrows` are the filters of a list: `Name`, `Name:Field` where an item says it under another name, `Name+`
    for several values; `keys` are the same for `Filter.N.Key`. `both_ends`: it also depends on the opposite router.
    """

    kind: Kind
    reads: str = ""
    narrows: str = ""
    keys: str = ""
    ignores: str = ""
    refuses: str = ""
    versions: str = "2016-04-28"
    both_ends: bool = False

    @cached_property
    def filters(self) -> Mapping[str, Filter]:
        """Its filters, each by its parameter."""
        return _filters(self.narrows)

    @cached_property
    def filter_keys(self) -> Mapping[str, Filter]:
        """Its filters, each by its `Filter.N.Key`."""
        return _filters(self.keys)

    @cached_property
    def honoured(self) -> frozenset[str]:
        """The parameters that something follows from."""
        more = {"Filter"} if self.keys else set()
        return frozenset({*self.reads.split(), *self.filters, *more, *([TOKEN] if self.kind is Kind.CHANGES else [])})

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The parameters that are accepted without effect."""
        return frozenset({*self.ignores.split(), *EVERYWHERE, TOKEN}) - self.honoured

    @cached_property
    def refused(self) -> frozenset[str]:
        """The parameters that are refused unless they ask for nothing."""
        return frozenset({*self.refuses.split(), DRY_RUN}) - self.honoured

    @property
    def may_run_dry(self) -> bool:
        """Whether a dry run of it is documented."""
        return DRY_RUN in self.honoured

    def may_read(self, root: str) -> bool:
        """Whether its code may look at a parameter, named without its numbers."""
        return root in self.honoured or root in GATEWAYS or (root in TAGS and bool(self.honoured & TAGS))

    def check(self, action: str, given: Mapping[str, str]) -> None:
        """Check that nothing is asked for that would not be done. Raises ApiError."""
        for name, value in given.items():
            root = name.partition(".")[0]
            unknown = not self.may_read(root) and root not in self.ignored | self.refused
            refused = root in self.refused and value.lower() not in _NOTHING
            unread = self.may_read(root) and not _PARTS.get(root, _PLAIN).fullmatch(name)
            if refused or unread or (unknown and self.kind is Kind.LISTS):
                raise ErrorKind.NOT_SUPPORTED.error(ErrorKind.NOT_SUPPORTED.message.format(name[:64], action))


def _filters(words: str) -> Mapping[str, Filter]:
    return dict(_filter(*word.partition(":")[::2]) for word in words.split())


def _filter(name: str, field: str) -> tuple[str, Filter]:
    bare = name.removesuffix("+")
    return bare, Filter(field or bare, several=name != bare)
