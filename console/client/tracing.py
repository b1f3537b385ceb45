"""Traces of what owners ask: made where a collector is named, and with nothing imported where none is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from console.client.errors import NotUnderstood

if TYPE_CHECKING:
    from shared.runtime.tracing import Tracing

VARIABLE: Final = "PEERING_OTLP_ENDPOINT"


def tracing_of(environment: Mapping[str, str]) -> Tracing | None:
    """What follows this program's requests, if there is a collector. Raises NotUnderstood without its packages."""
    if not (url := environment.get(VARIABLE)):
        return None
    try:
        from shared.runtime.tracing import Tracing  # noqa: PLC0415 - others do without opentelemetry
    except ImportError:
        raise NotUnderstood(f"{VARIABLE} is set, which needs pip install 'peering-handshake[otel]'.") from None
    return Tracing.to(url, "peering console", str(os.getpid()))
