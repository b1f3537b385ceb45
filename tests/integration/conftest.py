"""Fixtures are found here by all integration tests, so that one broker serves all of them."""

from tests.integration.article_cast import alice, bob, cast
from tests.integration.broker_ladder import broker, pytest_report_header, two

__all__ = ["alice", "bob", "broker", "cast", "pytest_report_header", "two"]
