"""The OpenAPI document of the control API, from the routes that answer it."""

from __future__ import annotations

import json

from console.web.app import described_app


def control_document() -> str:
    """The OpenAPI document of `/_peering/…`."""
    return json.dumps(described_app().openapi(), indent=1, ensure_ascii=False) + "\n"
