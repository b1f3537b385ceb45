"""The workers of one test session share a broker, from the ladder that all tests with a broker stand on."""

from tests.integration.broker_ladder import broker, pytest_report_header

__all__ = ["broker", "pytest_report_header"]
