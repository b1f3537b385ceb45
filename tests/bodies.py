"""The bodies of bundles as plain values, for tests that look into one or change one, whatever their encoding is."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from shared.wire.encoding import decode

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def form_of(body: bytes) -> Any:  # noqa: ANN401 - the plain values of a body that nothing has checked
    """The form in a bundle's body, unchecked; `encode` writes it again."""
    return decode(_ANY, body)
