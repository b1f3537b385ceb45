"""The control API is this simulator's own, so its description can only come out of the code that answers it."""

from __future__ import annotations

import json

from console.web.app import described_app


def control_document() -> str:
    """The OpenAPI document of `/_peering/…`."""
    return json.dumps(described_app().openapi(), indent=1, ensure_ascii=False) + "\n"
