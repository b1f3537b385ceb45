"""The markers of each test: the tier that its folder names, and whether the broker is one of the ladder."""

from pathlib import Path

import pytest

TIERS = ("unit", "model", "simulation", "integration", "end_to_end", "tidy")

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier; one outside of every tier's folder would never run: an error."""
    for item in items:
        tier = item.path.relative_to(TESTS).parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.nodeid} is in no tier's folder: {', '.join(TIERS)}")
        item.add_marker(tier)
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker("ladder")
