"""Deterministic simulation: the worker's real batch loop and store under a virtual clock and seeded faults.

Network and disk fail as the seed says, so a failure is repeated by its seed.
"""
