"""The versions of a bundle's form, and what every version has in common, so that a newer one gets an answer."""

from __future__ import annotations

from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from shared.wire.encoding import decode
from shared.wire.forms import PROBLEMS_LIMIT, AccountId, EndpointId, Positive, Unreadable

FORMAT_VERSION: Final = 1
"""The version that is said, and the newest that is read."""


@with_config(ConfigDict(extra="ignore", strict=True, frozen=True))
class AnyVersionForm(TypedDict):
    """What a bundle of every version has, however much else is in it."""

    v: Positive
    endpoint: EndpointId
    account: AccountId
    to: EndpointId


_BRIEFLY: Final = {"include_url": False, "include_input": False, "include_context": False}
_ANY_VERSION: Final = TypeAdapter(AnyVersionForm)


class NewerVersion(Unreadable):
    """A bundle is of a newer version than is read here: who says to have sent it, and to whom."""

    def __init__(self, form: AnyVersionForm) -> None:
        """Name the version."""
        super().__init__(f"it is of version {form['v']}, and this program reads {FORMAT_VERSION}")
        self.version, self.endpoint = form["v"], form["endpoint"]
        self.account, self.to = form["account"], form["to"]


def refuse_newer(body: bytes, error: ValidationError) -> None:
    """Raise NewerVersion if this is a bundle of a newer version; of anything else say nothing.

    `error` is what is wrong with it as a bundle of this version. If that is something else it is not read again, or a
    flood of bad ones would cost more.
    """
    if error.error_count() > PROBLEMS_LIMIT or error.errors(**_BRIEFLY)[0]["loc"] != ("v",):
        return
    try:
        form = decode(_ANY_VERSION, body)
    except ValidationError:
        return
    if form["v"] > FORMAT_VERSION:
        raise NewerVersion(form)
