"""Scenarios: a story as a file, run against real processes, with what must be seen written beside what is done."""
