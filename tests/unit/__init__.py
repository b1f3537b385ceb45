"""Tests of one function or class, as a package: two tiers may have files of the same name."""
