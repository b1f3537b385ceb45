"""Faults on purpose, on a real broker, with real workers."""
