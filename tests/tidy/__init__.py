"""Tests of the laws of the house (docs/architecture.md, section 4): each file is one law, or one habit of tests."""
