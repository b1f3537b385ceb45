"""The lists: which items a call's filters let through, and the page that is asked for.

An item is what the API shows of it; fields that begin with `_` are for filters alone, and `shown` takes them away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final, TypeVar

from console.web.cloud.cloud import Call
from console.web.cloud.description import TAGS, Filter
from console.web.cloud.errors import ErrorKind

T = TypeVar("T")
Item = Mapping[str, Any]

PAGE_LIMIT: Final = 50
PAGE_USUAL: Final = 10


class Narrowing:
    """The filters of one call; several of them are conditions, several values of one are alternatives."""

    def __init__(self, call: Call) -> None:
        """Read them. Raises ApiError if one is not known."""
        given, described = call.parameters, call.description
        self._wanted: list[tuple[str, Sequence[str]]] = []
        for name, one in described.filters.items():
            values = given.listed(name) if name not in TAGS else []
            if values:
                self._wanted.append((one.field, _values(values, one)))
        for place, (key, values) in enumerate(given.filters() if described.filter_keys else [], 1):
            if key not in described.filter_keys:
                raise ErrorKind.BAD_FILTER.error(ErrorKind.BAD_FILTER.message.format(place))
            self._wanted.append((described.filter_keys[key].field, values))
        self._tags = given.tags() if described.filters.keys() & TAGS else {}

    def values_of(self, field: str) -> Sequence[str] | None:
        """The values that are wanted of a field; None if any is."""
        return next((values for name, values in self._wanted if name == field), None)

    def lets_through(self, item: Item) -> bool:
        """Whether an item passes."""
        tags: Mapping[str, str] = item.get("_Tags", {})
        return all(_any_of(item.get(field), values) for field, values in self._wanted) and carries(tags, self._tags)


def carries(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether somebody with these tags has all that are wanted; an empty value stands for any."""
    return all(key in tags and value in {"", tags[key]} for key, value in wanted.items())


def page(call: Call, found: Sequence[T]) -> tuple[dict[str, int], Sequence[T]]:
    """Take the page that is asked for, and the fields that say which it is. Raises ApiError."""
    number, size = call.parameters.number("PageNumber"), call.parameters.number("PageSize")
    number, size = 1 if number is None else number, PAGE_USUAL if size is None else size
    if number < 1 or not 1 <= size <= PAGE_LIMIT:
        raise ErrorKind.BAD_PAGE.error()
    head = {"PageNumber": number, "PageSize": size, "TotalCount": len(found)}
    return head, found[(number - 1) * size : number * size]


def listed(call: Call, items: Sequence[Item]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """List what the call's filters let through: the page's head, and its items. Raises ApiError."""
    narrowing = Narrowing(call)
    head, some = page(call, [item for item in items if narrowing.lets_through(item)])
    return head, [shown(item) for item in some]


def by_token(
    call: Call, items: Sequence[Item], size: str, *, usual: int, limit: int
) -> tuple[str, list[dict[str, Any]]]:
    """Take the page that a NextToken asks for: the next token, empty at the end, and its items. Raises ApiError."""
    start, many = call.parameters.number("NextToken") or 0, call.parameters.number(size)
    many = usual if many is None else many
    if start < 0 or not 1 <= many <= limit:
        raise ErrorKind.BAD_NEXT.error()
    following = start + many
    return (str(following) if following < len(items) else ""), [shown(item) for item in items[start:following]]


def shown(item: Item) -> dict[str, Any]:
    """What the API shows of an item: what is absent in the cloud's real answers is absent here."""
    return {name: value for name, value in item.items() if value is not None and not name.startswith("_")}


def _values(values: Sequence[str], one: Filter) -> Sequence[str]:
    texts = [part.strip() for value in values for part in value.split(",")] if one.several else values
    if one.field == "DestinationCidrBlock":
        return [_range(text) for text in texts]
    return [text.lower() if text.lower() in {"true", "false"} else text for text in texts]


def _range(text: str) -> str:
    """A range of addresses as it is kept and shown, whatever its host bits; another text as it is."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text


def _any_of(value: object, values: Sequence[str]) -> bool:
    return any(_text(one) in values for one in (value if isinstance(value, tuple) else (value,)))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
