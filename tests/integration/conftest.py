"""The fixtures of all integration tests: one broker serves them all."""

from tests.integration.article_cast import alice, bob, cast
from tests.integration.broker_ladder import broker, pytest_report_header, two

__all__ = ["alice", "bob", "broker", "cast", "pytest_report_header", "two"]
